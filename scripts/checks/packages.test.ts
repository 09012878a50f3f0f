import { expect, test } from 'vitest'
import { judgeAudit } from './audit.ts'
import { licenceProblems, sbomProblems } from './sbom.ts'

const TODAY = new Date('2026-11-25T12:00:00Z')

/** As npm 10 and 11 write it. */
function auditReport(severity: string, url = 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc'): string {
  const via = [{ source: 1, name: 'left', title: 'Reads beyond its end', url, severity, range: '<2' }]
  return JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: {
      left: { name: 'left', severity, isDirect: false, via, effects: ['right'], nodes: [] },
      right: { name: 'right', severity, isDirect: true, via: ['left'], effects: [], nodes: [] },
    },
    metadata: {},
  })
}
const exception = {
  advisory: 'GHSA-aaaa-bbbb-cccc',
  reason: 'The function it is in is never called by us.',
  until: '2026-11-25',
}

test('a high or critical advisory fails by name; a lower one is counted', () => {
  for (const severity of ['high', 'critical'])
    expect(() => judgeAudit(auditReport(severity), [], TODAY)).toThrow(
      `left: ${severity}: Reads beyond its end (GHSA-aaaa-bbbb-cccc)`,
    )
  expect(judgeAudit(auditReport('moderate'), [], TODAY)).toBe('2 vulnerable, none high or critical')
})

test('an exception holds to the end of its day, for its advisory alone', () => {
  expect(judgeAudit(auditReport('high'), [exception], TODAY)).toContain('but 1 excepted')
  expect(() => judgeAudit(auditReport('high', 'x/GHSA-dddd-eeee-ffff'), [exception], TODAY)).toThrow(
    'GHSA-dddd-eeee-ffff',
  )
  const tomorrow = new Date('2026-11-26T00:00:00Z')
  expect(() => judgeAudit(auditReport('high'), [exception], tomorrow)).toThrow('ended on 2026-11-25')
})

test('no answer is said and fails nothing; an answer of another form is no answer that can be trusted', () => {
  for (const answer of ['', 'npm error', '{"message":"405 Method Not Allowed","statusCode":405,"error":{}}'])
    expect(judgeAudit(answer, [], TODAY)).toContain('not asked')
  expect(() => judgeAudit('{"advisories":{}}', [], TODAY)).toThrow()
})

const sha512 = (hex: string) => `sha512-${Buffer.from(hex, 'hex').toString('base64')}`
const lock = {
  packages: {
    '': { version: '1.0.0', optionalDependencies: { mine: '1.0.0' } },
    'node_modules/a': {
      version: '1.0.0',
      integrity: sha512('aa'),
      license: 'MIT',
      optionalDependencies: { 'a-linux': '1.0.0' },
    },
    'node_modules/a-linux': { version: '1.0.0', integrity: sha512('bb'), optional: true },
    'node_modules/a/node_modules/b': { version: '2.0.0', license: '(GPL-3.0 OR Apache-2.0)' },
  },
}
const component = (name: string, version: string, content = '') => ({
  name,
  version,
  purl: `pkg:npm/${name}@${version}`,
  hashes: [{ alg: 'SHA-512', content }],
})
const components = [
  component('a', '1.0.0', 'aa'),
  component('a-linux', '1.0.0', 'bb'),
  component('b', '2.0.0'),
]

test('a bill of materials has every package of the lock file, with its contents, and no other', () => {
  const problems = (list: typeof components) =>
    sbomProblems(lock, { bomFormat: 'CycloneDX', components: list })
  expect(problems(components)).toEqual([])
  expect(problems(components.slice(1))).toEqual(['a@1.0.0 is in the lock file and not in the SBOM'])
  expect(problems([...components, component('c', '1.0.0')])).toEqual([
    'c@1.0.0 is in the SBOM and not in the lock file',
  ])
  expect(problems([component('a', '1.0.0', 'ab'), ...components.slice(1)])).toEqual([
    'a@1.0.0 has another hash in the SBOM than in the lock file',
  ])
})

test('a licence that is not allowed, or that nobody names, is found', () => {
  expect(licenceProblems(lock)).toEqual([])
  const withLicence = (license: string | undefined) =>
    licenceProblems({
      packages: { 'node_modules/z': { version: '1.0.0', ...(license ? { license } : {}) } },
    }).join()
  expect(withLicence('GPL-3.0')).toContain('z 1.0.0: the licence GPL-3.0 is not in the list')
  expect(withLicence('MIT AND GPL-3.0')).toContain('GPL-3.0')
  expect(withLicence('MIT AND ISC')).toBe('')
  expect(withLicence(undefined)).toContain('(none is named)')
})
