import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { isAlive, until } from '../processes.ts'
import { UserError } from '../user-error.ts'
import { fingerprint, isStamped, ROOT, stamp } from './fingerprint.ts'
import { buildGateway } from './gateway.ts'
import { generateClient } from './prisma-client.ts'
import { runTool } from './run-tool.ts'

const LOCK_WAIT_MS = 10 * 60_000

/** What differs only by tests leaves a build as it is; see fingerprint(). */
const CONSOLE_SOURCES = [
  'app',
  'components',
  'lib',
  'public',
  'prisma/schema.prisma',
  'proxy.ts',
  'instrumentation.ts',
  'next.config.mjs',
  'postcss.config.mjs',
  'tsconfig.json',
  'tsconfig.base.json',
  'package-lock.json',
]
const GATEWAY_SOURCES = [
  'gateway',
  'lib/contract',
  'scripts/build/gateway.ts',
  'tsconfig.base.json',
  'package-lock.json',
]

export type BuildPart = 'client' | 'console' | 'gateway'

/** Each false when its result was already that of the present sources. */
export const BUILD_STEPS: Record<BuildPart, () => Promise<boolean>> = {
  client: generateClient,
  console: buildConsole,
  gateway: buildGatewayWhenStale,
}

export function distDir(): string {
  return process.env.NEXT_DIST_DIR || '.next'
}

async function buildConsole(): Promise<boolean> {
  const stampFile = path.join(distDir(), 'gatehouse-stamp')
  const print = fingerprint(CONSOLE_SOURCES)
  if (isStamped(stampFile, print)) return false
  rmSync(path.join(ROOT, stampFile), { force: true })
  await runTool('next', ['build'], { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' })
  stamp(stampFile, print)
  return true
}

async function buildGatewayWhenStale(): Promise<boolean> {
  const stampFile = 'dist/gateway/stamp'
  const print = fingerprint(GATEWAY_SOURCES)
  if (isStamped(stampFile, print)) return false
  rmSync(path.join(ROOT, stampFile), { force: true })
  await buildGateway()
  stamp(stampFile, print)
  return true
}

/** Two starts of one tree must not build at once: one works, the other waits and then finds all done. */
export async function withBuildLock<T>(work: () => Promise<T>): Promise<T> {
  const file = path.join(ROOT, 'node_modules/.cache/gatehouse-build.lock')
  mkdirSync(path.dirname(file), { recursive: true })
  if (!(await until(() => takeLock(file), LOCK_WAIT_MS, 200))) {
    throw new UserError(`Another build of this folder has not ended; if there is none, remove ${file}.`)
  }
  const release = () => rmSync(file, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function takeLock(file: string): boolean {
  try {
    const handle = openSync(file, 'wx')
    writeSync(handle, String(process.pid))
    closeSync(handle)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = Number(readFileSync(file, { encoding: 'utf8', flag: 'a+' }))
    if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true })
    return false
  }
}
