// `server`: MLflow's interface over HTTP, on the home's own store.
import { once } from 'node:events'
import { z } from 'zod'
import { defineCommand } from '../command.ts'

const list = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((parts) => parts.every((part) => part !== ''), { error: 'is a list, separated by commas' })
  .optional()

const Args = z.object({
  host: z.string().min(1).optional(),
  port: z.coerce.number({ error: 'is a port from 0 to 65535' }).int().min(0).max(65_535).optional(),
  backendStoreUri: z.string().min(1).optional(),
  defaultArtifactRoot: z.string().min(1).optional(),
  artifactsDestination: z.string().min(1).optional(),
  allowedHosts: list,
  corsAllowedOrigins: list,
  insecure: z.boolean().default(false),
})

const SERVED_ALREADY = 'it always does; leave the option out'
const ONE_PROCESS = 'one process answers all requests, with nothing to set; leave the option out'
const NOT_HERE = 'this server has none'

/** `understudy server` */
export const serverCommand = defineCommand({
  name: 'server',
  summary: "serve experiments, models and predictions over HTTP, by MLflow's interface",
  example: 'server --port 5001',
  stopping: 'stopping; what is under way is answered first (once more to end at once)',
  options: [
    ['--host <host>', 'the address to listen on (default: 127.0.0.1)'],
    ['-p, --port <port>', 'the port to listen on (default: 5000)'],
    ['--backend-store-uri <uri>', "sqlite:///path of the store (default: the home's own)"],
    ['--default-artifact-root <uri>', 'where new experiments keep their artifacts (default: here, through the server)'],
    ['--artifacts-destination <folder>', "where artifacts that go through the server lie (default: the home's own)"],
    ['--allowed-hosts <hosts>', 'names, separated by commas, that clients may call this server by'],
    [
      '--cors-allowed-origins <origins>',
      'pages of other sites, like https://app.example.com, that may use this server',
    ],
    ['--insecure', 'listen beyond this machine although anybody there may read and write everything'],
  ],
  foreignOptions: {
    '--serve-artifacts': SERVED_ALREADY,
    '--no-serve-artifacts': 'to have clients reach the store themselves, name it with --default-artifact-root',
    '--artifacts-only': NOT_HERE,
    '--registry-store-uri': 'models are kept in the store of --backend-store-uri',
    '--read-replica-backend-store-uri': NOT_HERE,
    '--workers': ONE_PROCESS,
    '-w': ONE_PROCESS,
    '--gunicorn-opts': ONE_PROCESS,
    '--waitress-opts': ONE_PROCESS,
    '--uvicorn-opts': ONE_PROCESS,
    '--dev': ONE_PROCESS,
    '--static-prefix': 'everything is served at the root; a proxy can put it elsewhere',
    '--disable-security-middleware': 'name what is allowed with --allowed-hosts and --cors-allowed-origins',
    '--x-frame-options': 'it is SAMEORIGIN',
    '--expose-prometheus': NOT_HERE,
    '--app-name': NOT_HERE,
    '--env-file': 'set the variables, or write them into .env',
    '--trace-archival-config': 'traces are not served',
    '--secrets-cache-ttl': NOT_HERE,
    '--secrets-cache-max-size': NOT_HERE,
    '--workspace-store-uri': 'workspaces are not served',
    '--enable-workspaces': 'workspaces are not served',
    '--disable-workspaces': 'workspaces are not served; leave the option out',
  },
  args: Args,
  async run(options, { terminal, serve, signal }) {
    await using server = await serve(options)
    terminal.out(terminal.json ? JSON.stringify({ address: server.address }) : `serving on ${server.address}`)
    terminal.note('  press Ctrl-C to stop')
    if (!signal.aborted) await once(signal, 'abort')
  },
})
