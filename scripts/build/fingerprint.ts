import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.join(import.meta.dirname, '../..')

const SKIPPED = /(^|\/)(node_modules|fixtures|generated)(\/|$)|\.(test|spec)\.tsx?$/

/** SHA-256 over names and contents of the files below these paths (relative to the root), tests left out. */
export function fingerprint(paths: string[], extra = ''): string {
  const hash = createHash('sha256').update(extra)
  for (const file of paths.flatMap((entry) => listFiles(entry)).sort()) {
    hash.update(`\0${file}\0`).update(readFileSync(path.join(ROOT, file)))
  }
  return hash.digest('hex')
}

function listFiles(entry: string): string[] {
  if (SKIPPED.test(entry)) return []
  const stat = statSync(path.join(ROOT, entry), { throwIfNoEntry: false })
  if (!stat) return []
  if (stat.isFile()) return [entry]
  return readdirSync(path.join(ROOT, entry)).flatMap((name) => listFiles(`${entry}/${name}`))
}

/** Whether the result carries the stamp of this fingerprint. */
export function isStamped(stampFile: string, print: string): boolean {
  try {
    return readFileSync(path.join(ROOT, stampFile), 'utf8').trim() === print
  } catch {
    return false
  }
}

export function stamp(stampFile: string, print: string): void {
  const file = path.join(ROOT, stampFile)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${print}\n`)
}
