import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { readMigrations } from '../migration/history.ts'
import { errorText } from '../user-error.ts'
import { prepareAdmin } from './before-admin.ts'
import { adminEnv } from './child-env.ts'
import { readSettings, takeSecretFiles } from './settings.ts'

/**
 * The program of the admin's image: `npm run start:admin` where all is installed and built. It becomes the server
 * itself, so that signals reach it and one process is all there is.
 */
const HERE = import.meta.dirname
/** Streams to gateways and browsers never end by themselves; what an admin has answered is committed. */
const STOP_MS = 5_000

try {
  takeSecretFiles(process.env)
  const settings = readSettings(process.env, HERE)
  const migrations = await readMigrations(path.join(HERE, 'prisma/migrations'))
  const env = adminEnv(process.env, settings, await prepareAdmin(settings, { migrations }))
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  // What a standalone build of Next listens on.
  Object.assign(process.env, env, { HOSTNAME: settings.host })
  for (const signal of ['SIGTERM', 'SIGINT'])
    process.once(signal, () => setTimeout(() => process.exit(0), STOP_MS).unref())
  await import(pathToFileURL(path.join(HERE, 'server.js')).href)
  console.log(`The console is at ${settings.adminUrl}`)
} catch (error) {
  console.error(errorText(error))
  process.exit(1)
}
