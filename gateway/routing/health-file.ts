/**
 * Who is out, on disk: a gateway that starts again does not begin with calls to targets that fail or asked for rest.
 * Nothing of it is precious: a file that is gone or broken costs a few calls.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { Balancer } from './balancer.ts'

const FILE = 'health.json'
const SAVE_MS = 5_000
const MAX_SAVED = 1_000

const saved = z.array(
  z.object({
    target: z.string().max(400),
    openUntil: z.int(),
    openings: z.int(),
    evictedUntil: z.int(),
  }),
)

export interface HealthFile {
  /** Writes what there is to keep, and ends. */
  stop(): Promise<void>
}

/** @param directory the gateway's own */
export async function keepHealth(
  directory: string,
  balancer: Balancer,
  clock: Clock,
  log: Log,
  everyMs = SAVE_MS,
): Promise<HealthFile> {
  const path = join(directory, FILE)
  let written = await load(path, balancer, clock)
  let underway: Promise<void> = Promise.resolve()

  const save = async () => {
    const [now, wallNow] = [clock.monotonic(), clock.now()]
    const out = []
    for (const health of balancer.targets()) {
      const state = health.save(now, wallNow)
      if (state && out.length < MAX_SAVED) out.push({ target: health.key, ...state })
    }
    const text = JSON.stringify(out)
    if (text === written) return
    try {
      await writeFile(`${path}.new`, text, { mode: 0o600 })
      await rename(`${path}.new`, path)
      written = text
    } catch (error) {
      log('warn', 'health.not_saved', { error })
    }
  }
  const timer = setInterval(() => {
    underway = underway.then(save)
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await underway
      await save()
    },
  }
}

/** @returns the text that stands there, or that of nothing. */
async function load(path: string, balancer: Balancer, clock: Clock): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '[]')
  try {
    const [now, wallNow] = [clock.monotonic(), clock.now()]
    for (const { target, ...state } of saved.parse(JSON.parse(text)))
      balancer.targetHealth(target).restore(state, now, wallNow)
    return text
  } catch {
    return ''
  }
}
