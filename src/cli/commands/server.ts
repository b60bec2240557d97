// `server`: MLflow's interface over HTTP, on the home's own store.
import { once } from 'node:events'
import { z } from 'zod'
import { defineCommand } from '../command.ts'

const Args = z.object({
  host: z.string().default('127.0.0.1'),
  port: z.coerce.number({ error: 'it is a port from 0 to 65535' }).int().min(0).max(65_535).default(5000),
  backendStoreUri: z.string().optional(),
  defaultArtifactRoot: z.string().optional(),
  artifactsDestination: z.string().optional(),
  allowedHosts: z
    .string()
    .transform((hosts) => hosts.split(',').map((host) => host.trim()))
    .optional(),
  insecure: z.boolean().default(false),
})

/** `understudy server` */
export const serverCommand = defineCommand({
  name: 'server',
  summary: "serve experiments, models and predictions over HTTP, by MLflow's interface",
  example: 'server --port 5001',
  options: [
    ['--host <host>', 'the address to listen on (default: 127.0.0.1)'],
    ['--port <port>', 'the port to listen on (default: 5000)'],
    ['--backend-store-uri <uri>', "sqlite:///path of the store (default: the home's own)"],
    ['--default-artifact-root <uri>', 'where new experiments keep their artifacts (default: here, through the server)'],
    ['--artifacts-destination <folder>', "where artifacts that go through the server lie (default: the home's own)"],
    ['--allowed-hosts <hosts>', 'names, separated by commas, that clients may call this server by'],
    ['--insecure', 'listen beyond this machine although anybody there may read and write everything'],
  ],
  args: Args,
  async run(options, { terminal, serve, signal }) {
    await using server = await serve(options)
    terminal.out(terminal.json ? JSON.stringify({ address: server.address }) : `serving on ${server.address}`)
    terminal.note('  press Ctrl-C to stop')
    if (!signal.aborted) await once(signal, 'abort')
  },
})
