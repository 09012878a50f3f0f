import { startPostgres, stopLeftoverPostgres } from '../postgres/cluster.ts'
import type { DataFolder } from './data-folder.ts'
import { keepRunning, type Running, type Service, spawnProcess } from './service.ts'

/** Together below the ten seconds that an end may take. */
const STOP_DEADLINE_MS = { gateway: 5_000, admin: 2_000, Postgres: 2_000 }

export interface Program {
  command: string
  args: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  healthUrl: string
}

export interface Supervisor {
  /** Starts the embedded Postgres and returns its address. */
  startPostgres(): Promise<string>
  startProgram(name: 'admin' | 'gateway', program: (databaseUrl: string | null) => Program): Promise<void>
  /** Ends all that runs, the last started first; also what is about to start. */
  stop(): Promise<void>
}

/** Owns the processes of one Gatehouse: starts them, restarts them, ends them in order. */
export function createSupervisor(folder: DataFolder, log: (line: string) => void): Supervisor {
  const services: Service[] = []
  const starting = new Set<Promise<unknown>>()
  let stopping = false
  let databaseUrl: string | null = null
  let admin: Service | null = null

  /** A stop in the middle of a start waits for it: else what it spawned would be nobody's. */
  async function tracked<T>(work: Promise<T>): Promise<T> {
    starting.add(work)
    try {
      return await work
    } finally {
      starting.delete(work)
    }
  }

  async function launchPostgres(): Promise<Running> {
    const postgres = await startPostgres({ dataDir: folder.path, note: log })
    const moved = databaseUrl !== null && databaseUrl !== postgres.url
    databaseUrl = postgres.url
    // It holds the old address in its environment; the supervisor starts it again with the new one.
    if (moved) await admin?.running()?.stop(STOP_DEADLINE_MS.admin)
    return { pid: postgres.pid, child: postgres.process, stop: (deadlineMs) => postgres.stop(deadlineMs) }
  }

  return {
    async startPostgres() {
      const service = keepRunning({
        name: 'Postgres',
        stopDeadlineMs: STOP_DEADLINE_MS.Postgres,
        log,
        start: launchPostgres,
      })
      services.push(await tracked(service))
      return databaseUrl ?? ''
    },

    async startProgram(name, program) {
      const service = await tracked(
        keepRunning({
          name,
          stopDeadlineMs: STOP_DEADLINE_MS[name],
          log,
          start: () => {
            if (stopping) throw new Error('the end has come')
            return spawnProcess({
              name,
              log,
              ...program(databaseUrl),
              onSpawn: (pid) => folder.remember(name, pid),
            })
          },
        }),
      )
      if (name === 'admin') admin = service
      services.push(service)
    },

    async stop() {
      stopping = true
      // What waits for its health has noted its process already; it is ended below by that.
      await Promise.race([Promise.allSettled(starting), new Promise((resolve) => setTimeout(resolve, 1_000))])
      for (const service of services.toReversed()) await service.stop()
      await stopLeftoverPostgres(folder.path, () => {})
      await folder.endChildren()
    },
  }
}
