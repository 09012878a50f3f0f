import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { runNpm } from './npm.ts'

const advisory = z.object({ url: z.string(), title: z.string(), severity: z.string() })
const report = z.object({
  vulnerabilities: z.record(
    z.string(),
    // A string names another vulnerable package, which has an entry of its own.
    z.object({ severity: z.string(), via: z.array(z.union([z.string(), advisory])) }),
  ),
})
const exceptions = z.array(
  z.strictObject({
    advisory: z.string().regex(/^GHSA-[\w-]+$/),
    reason: z.string().min(20, 'takes a sentence'),
    /** The day on which it ends, and the check fails again. */
    until: z.iso.date(),
  }),
)
export type AuditException = z.infer<typeof exceptions>[number]

const EXCEPTIONS_FILE = path.join(import.meta.dirname, 'audit-exceptions.json')

/** Asks the registry for advisories of what production installs; high and critical ones fail. */
export async function audit(today = new Date()): Promise<string> {
  const excepted = exceptions.parse(JSON.parse(readFileSync(EXCEPTIONS_FILE, 'utf8')))
  const answer = await runNpm(['audit', '--omit=dev', '--json'], 60_000)
  return judgeAudit(answer?.stdout ?? '', excepted, today)
}

/** @throws Error with a line for each advisory that nobody has excepted, and each exception that has ended. */
export function judgeAudit(stdout: string, excepted: AuditException[], today: Date): string {
  const day = today.toISOString().slice(0, 10)
  const problems = excepted
    .filter(({ until }) => until < day)
    .map(({ advisory: id, until }) => `the exception for ${id} ended on ${until}`)
  const found = readReport(stdout)
  const accepted = new Set(excepted.map(({ advisory: id }) => id))
  const reported = new Set<string>()
  for (const [name, { via }] of Object.entries(found ?? {})) {
    for (const entry of via) {
      if (typeof entry === 'string' || !['high', 'critical'].includes(entry.severity)) continue
      const id = entry.url.split('/').at(-1) ?? entry.url
      reported.add(id)
      if (!accepted.has(id)) problems.push(`${name}: ${entry.severity}: ${entry.title} (${id})`)
    }
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  if (!found) return 'not asked: the registry gives no answer about advisories here'
  const open = Object.keys(found).length
  return `${open} vulnerable, none high or critical${reported.size > 0 ? ` but ${reported.size} excepted` : ''}`
}

/** Null when the answer is no report: offline, or a registry that does not keep advisories. */
function readReport(stdout: string): z.infer<typeof report>['vulnerabilities'] | null {
  let value: unknown
  try {
    value = JSON.parse(stdout)
  } catch {
    return null
  }
  // npm's own words for a question that got no answer; anything else has to be a report.
  if (typeof value === 'object' && value !== null && ('error' in value || 'message' in value)) return null
  return report.parse(value).vulnerabilities
}
