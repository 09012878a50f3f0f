import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { signalTree, until } from '../processes.ts'
import { UserError } from '../user-error.ts'
import { nextWaitMs } from './back-off.ts'

export const READY_DEADLINE_MS = 60_000
const KEPT_LINES = 30

/** A process that runs under the supervisor. */
export interface Running {
  pid: number
  child: ChildProcess
  stop(deadlineMs: number): Promise<void>
}

export interface ServiceOptions {
  name: string
  start(): Promise<Running>
  /** From SIGTERM on, before it is killed. */
  stopDeadlineMs: number
  log(line: string): void
  /** Injected by tests. */
  wait?: (ms: number) => Promise<void>
  now?: () => number
}

export interface Service {
  stop(): Promise<void>
  running(): Running | null
}

/**
 * Starts a process and starts it again whenever it ends by itself, with back-off.
 * A first start that fails throws, as nothing will change by trying again.
 */
export async function keepRunning(options: ServiceOptions): Promise<Service> {
  const wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  const now = options.now ?? (() => performance.now())
  let current: Running | null = null
  let stopping = false
  let waitMs: number | null = null

  async function launch(): Promise<void> {
    const running = await options.start()
    const since = now()
    current = running
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      current = null
      if (stopping) return
      waitMs = nextWaitMs(waitMs, now() - since)
      options.log(
        `${options.name} ended (${signal ?? `exit code ${code}`}); starting it again in ${waitMs / 1000} s`,
      )
      void relaunch(waitMs)
    }
    // It may have ended while start() still saw to what comes after the spawn.
    if (running.child.exitCode !== null || running.child.signalCode !== null) {
      ended(running.child.exitCode, running.child.signalCode)
    } else running.child.once('exit', ended)
  }

  async function relaunch(ms: number): Promise<void> {
    await wait(ms)
    if (stopping) return
    try {
      await launch()
    } catch (error) {
      waitMs = nextWaitMs(waitMs, 0)
      options.log(
        `${options.name} did not start: ${(error as Error).message}; trying again in ${waitMs / 1000} s`,
      )
      await relaunch(waitMs)
      return
    }
    // A stop that came while it started has not seen it.
    if (stopping) await current?.stop(options.stopDeadlineMs)
  }

  await launch()
  return {
    running: () => current,
    async stop() {
      stopping = true
      await current?.stop(options.stopDeadlineMs)
    },
  }
}

export interface ProcessOptions {
  name: string
  command: string
  args: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** Each line that it prints; until it is ready, standard output is held back. */
  log(line: string): void
  /** Answers 200 when the process can be used. */
  healthUrl: string | null
  /** Told the process before it is ready, for what a later start must clear away. */
  onSpawn?(pid: number): void
}

/** Spawns a process in a group of its own and waits until its health URL answers 200. Throws UserError. */
export async function spawnProcess(options: ProcessOptions): Promise<Running> {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C reaches the whole group of a terminal; the order of the end is ours to keep.
    detached: true,
  })
  let failure: Error | null = null
  child.once('error', (error) => {
    failure = error
  })
  if (child.pid) options.onSpawn?.(child.pid)
  const heldBack: string[] = []
  let ready = options.healthUrl === null
  const read = (stream: NodeJS.ReadableStream | null) => {
    if (!stream) return
    createInterface({ input: stream }).on('line', (line) => {
      if (ready) options.log(`${options.name}: ${line}`)
      else heldBack.push(line)
      if (heldBack.length > KEPT_LINES) heldBack.shift()
    })
  }
  read(child.stdout)
  read(child.stderr)

  const hasEnded = () => failure !== null || child.exitCode !== null || child.signalCode !== null
  const running: Running = { pid: child.pid ?? 0, child, stop: (deadlineMs) => stopChild(child, deadlineMs) }
  if (options.healthUrl !== null) {
    const url = options.healthUrl
    const answered = await until(async () => hasEnded() || (await isHealthy(url)), READY_DEADLINE_MS, 40)
    if (hasEnded() || !answered) {
      await running.stop(2_000)
      const why = hasEnded()
        ? 'ended before it was ready'
        : `was not ready after ${READY_DEADLINE_MS / 1000} s`
      const said = heldBack.map((line) => `\n  ${line}`).join('')
      throw new UserError(`The ${options.name} ${why}.${said}`)
    }
  }
  ready = true
  return running
}

/** Whether an address answers 200. */
export async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000), redirect: 'manual' })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}

/** SIGTERM, and SIGKILL to its whole group after the deadline. */
async function stopChild(child: ChildProcess, deadlineMs: number): Promise<void> {
  const gone = () => child.exitCode !== null || child.signalCode !== null || !child.pid
  if (gone() || !child.pid) return
  child.kill('SIGTERM')
  if (!(await until(gone, deadlineMs, 20))) {
    signalTree(child.pid, 'SIGKILL')
    await until(gone, 2_000, 20)
  }
}
