// Where artifacts lie, as the database keeps it and as clients are told.
import type { ArtifactStore } from '../artifacts/port.ts'

/** How addresses of artifacts that go through the server begin. */
const PROXIED = 'mlflow-artifacts:'

export interface Addresses {
  /** Where an experiment made now keeps its artifacts. */
  experimentLocation(experimentId: string): string
  /**
   * An address as a client gets it. What lies in the served store is named by an address that goes through the server, wherever the
   * client is; anything else stays as it is.
   */
  shown(uri: string): string
  /** The path in the served store that an address stands for, '' for the whole of it; null for what lies elsewhere. */
  pathOf(uri: string): string | null
}

/**
 * Addresses of a server. `defaultRoot` is where new experiments lie (`--default-artifact-root`); null for the served store, by addresses
 * that go through the server.
 */
export function openAddresses(artifacts: ArtifactStore, defaultRoot: string | null): Addresses {
  const pathOf = (uri: string): string | null =>
    uri.startsWith(`${PROXIED}/`) && !uri.startsWith(`${PROXIED}//`)
      ? decoded(uri.slice(PROXIED.length + 1))
      : artifacts.pathOf(uri)
  return {
    experimentLocation: (id) =>
      defaultRoot === null ? `${PROXIED}/${id}` : `${defaultRoot.replace(/\/+$/, '')}/${id}`,
    shown(uri) {
      if (defaultRoot !== null || uri.startsWith(PROXIED)) return uri
      const path = artifacts.pathOf(uri)
      return path === null ? uri : `${PROXIED}/${path}`
    },
    pathOf,
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null // a % that stands for nothing
  }
}
