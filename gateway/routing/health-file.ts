/**
 * Who is out, on disk: a gateway that starts again does not begin with calls to targets that fail or asked for rest, nor
 * with credentials that are refused. Those are named by their place in a version of their list: nothing of them is here.
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

const savedTarget = z.object({
  target: z.string().max(400),
  openUntil: z.int(),
  openings: z.int(),
  evictedUntil: z.int(),
})
const savedCredential = z.object({
  provider: z.string().max(120),
  version: z.string().max(200),
  position: z.int().min(0).max(100),
  refusedUntil: z.int(),
  refusals: z.int().min(0),
  code: z.string().max(200).nullable(),
  rests: z.array(z.object({ model: z.string().max(200), until: z.int() })).max(100),
})
const saved = z.array(z.union([savedTarget, savedCredential]))

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
      if (state) out.push({ target: health.key, ...state })
    }
    for (const { providerId, version, list } of balancer.allCredentials()) {
      for (const credential of list) {
        const state = credential.save(now, wallNow)
        if (state) out.push({ provider: providerId, version, position: credential.position, ...state })
      }
    }
    const text = JSON.stringify(out.slice(0, MAX_SAVED))
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
    for (const one of saved.parse(JSON.parse(text))) {
      if ('target' in one) balancer.targetHealth(one.target).restore(one, now, wallNow)
      else balancer.restoredCredentials(one.provider, one.version).restore(one.position, one, now, wallNow)
    }
    return text
  } catch {
    return ''
  }
}
