// Where runs, models and stages are kept: in the home's file, or on an MLflow server.
import type { Settings } from '../cli/command.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Tracking } from '../tracking/port.ts'

/**
 * Opens what the settings name. A server is not asked anything before it is needed: what needs none of it works without it. Throws as the
 * adapters do.
 */
export async function openTracking(
  { server, databasePath, artifacts }: Pick<Settings, 'server' | 'databasePath' | 'artifacts'>,
  options: { readonly user: string; readonly clock: Clock; readonly readOnly: boolean },
): Promise<Tracking> {
  const { diskArtifacts } = await import('../artifacts/disk.ts')
  if (server === null) {
    const { openEmbeddedTracking } = await import('../tracking/embedded.ts')
    return await openEmbeddedTracking({ databasePath, artifacts: diskArtifacts(artifacts), ...options })
  }
  const { openRemoteTracking } = await import('../tracking/remote.ts')
  const { user, clock } = options
  return openRemoteTracking({ address: server, folder: diskArtifacts, user, clock })
}

/** What a server says of itself. Throws what keeps it from being used. */
export async function askServer(
  server: NonNullable<Settings['server']>,
): Promise<{ address: string; version: string; artifacts: string }> {
  const [{ diskArtifacts }, { askWhoItIs }] = await Promise.all([
    import('../artifacts/disk.ts'),
    import('../tracking/remote.ts'),
  ])
  return await askWhoItIs(server, diskArtifacts)
}
