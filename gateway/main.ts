/** The process: environment in, exit code out. Nothing else in the gateway reads the one or sets the other. */
import { readFileSync } from 'node:fs'
import { SecretFileError, withSecretFiles } from '../lib/contract/secret-files.ts'
import { DataFolderError } from './data-folder-error.ts'
import { type Gateway, ListenError, startGateway } from './gateway.ts'
import { readSettings, type Settings, SettingsError } from './settings.ts'
import { createLog } from './telemetry/log.ts'

const FLUSH_MS = 2_000
/** What an operator can put right by what the message says. */
const REFUSALS = [SecretFileError, SettingsError, DataFolderError, ListenError]

// A reader of the log that went away must not take the gateway with it.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

const log = createLog((line) => void process.stdout.write(line), Date.now)
let gateway: Gateway | null = null
let ending: 'no' | 'draining' | 'crashing' = 'no'

process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)
process.on('SIGTERM', () => terminate('SIGTERM'))
process.on('SIGINT', () => terminate('SIGINT'))

let settings: Settings
try {
  settings = readSettings(withSecretFiles(process.env, (file) => readFileSync(file, 'utf8')))
  gateway = await startGateway(settings, log)
} catch (error) {
  refuse(error)
}

function terminate(signal: string): void {
  // The second one means it.
  if (ending !== 'no' || gateway === null) process.exit(ending === 'no' ? 0 : 1)
  ending = 'draining'
  log('info', 'gateway.stopping', { signal })
  gateway.stop().then(() => process.exit(0), crash)
}

/** A state that nobody foresaw: what is written is kept, and the supervisor starts a fresh process. */
function crash(error: unknown): void {
  if (ending === 'crashing') return
  ending = 'crashing'
  log('error', 'gateway.crashed', { error, stack: error instanceof Error ? (error.stack ?? '') : '' })
  setTimeout(() => process.exit(1), FLUSH_MS).unref()
  const flushed = gateway ? gateway.flush() : Promise.resolve()
  flushed.catch(() => {}).finally(() => process.exit(1))
}

function refuse(error: unknown): never {
  if (REFUSALS.some((kind) => error instanceof kind)) {
    const { message } = error as Error
    process.stderr.write(`${message}\n`)
    log('error', 'gateway.not_started', { reason: message })
  } else {
    log('error', 'gateway.not_started', { error, stack: error instanceof Error ? (error.stack ?? '') : '' })
    process.stderr.write('The gateway could not start; its log says why.\n')
  }
  process.exit(1)
}
