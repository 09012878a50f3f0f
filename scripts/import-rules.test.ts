import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGateway } from './build/gateway.ts'
import { programOf } from './build/run-tool.ts'
import { cruise } from './checks/dependencies.ts'

/** Each check is shown a tree with one violation of each of its rules: a rule that does not bite fails here. */
const ROOT = path.join(import.meta.dirname, '..')
const CONFIGS = [
  'biome.json',
  '.dependency-cruiser.mjs',
  'knip.jsonc',
  'tsconfig.json',
  'tsconfig.base.json',
  '.gitignore',
]

let root: string
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'gatehouse-planted-'))
  for (const name of CONFIGS) cpSync(path.join(ROOT, name), path.join(root, name))
  cpSync(path.join(ROOT, 'scripts/checks/resolve.cjs'), path.join(root, 'scripts/checks/resolve.cjs'))
  cpSync(path.join(ROOT, 'package.json'), path.join(root, 'package.json'))
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function plant(files: Record<string, string>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
}

/** What the planted imports lead to. */
const TARGETS = {
  'app/page.tsx': 'export const page = 1\n',
  'components/ui/button.tsx': 'export const button = 1\n',
  'components/keys/table.tsx': 'export const table = 1\n',
  'gateway/routes.ts': 'export const routes = 1\n',
  'lib/contract/money.ts': 'export const money = 1\n',
  'lib/server/db.ts': 'export const db = 1\n',
  'lib/server/generated/client.ts': 'export const client = 1\n',
  'lib/resources/keys/operations.ts': 'export const operations = 1\n',
  'lib/resources/keys/schema.ts': 'export const schema = 1\n',
  'lib/api/testing.ts': 'export const testing = 1\n',
  'gateway/testing/vendor.ts': 'export const vendor = 1\n',
  'scripts/tool.ts': 'export const tool = 1\n',
  'e2e/support.ts': 'export const support = 1\n',
}

const importing = (target: string) => `import * as found from '${target}'\n\nexport const use = found\n`

describe('dependency-cruiser', () => {
  const planted: [rule: string, file: string, target: string][] = [
    ['gateway-stands-alone', 'gateway/a.ts', '../lib/server/db.ts'],
    ['gateway-stands-alone', 'gateway/b.ts', '@/components/ui/button'],
    ['gateway-stands-alone', 'gateway/c.ts', 'pg'],
    ['gateway-stands-alone', 'gateway/d.ts', 'react'],
    ['gateway-tests-stand-alone', 'gateway/a.test.ts', '../lib/server/db.ts'],
    ['contract-is-pure', 'lib/contract/a.ts', 'node:fs'],
    ['contract-is-pure', 'lib/contract/b.ts', '../server/db.ts'],
    ['format-is-pure', 'lib/format/a.ts', 'node:fs'],
    ['format-is-pure', 'lib/format/b.ts', '../server/db.ts'],
    ['components-stay-in-the-browser', 'components/keys/a.tsx', '@/lib/server/db'],
    ['components-stay-in-the-browser', 'components/keys/b.tsx', '@/lib/resources/keys/operations'],
    ['components-stay-in-the-browser', 'components/keys/c.tsx', '@/gateway/routes'],
    ['primitives-know-no-nouns', 'components/ui/a.tsx', '@/lib/resources/keys/schema'],
    ['primitives-know-no-nouns', 'components/ui/b.tsx', '@/components/keys/table'],
    ['app-without-gateway', 'app/a.tsx', '@/gateway/routes'],
    ['lib-below-app', 'lib/usage/a.ts', '../../app/page.tsx'],
    ['lib-below-app', 'lib/usage/b.ts', '../../gateway/routes.ts'],
    ['one-door-to-the-database', 'lib/server/a.ts', './generated/client.ts'],
    ['one-door-to-the-database', 'app/b.tsx', '@/lib/server/generated/client'],
    ['black-box', 'e2e/a.ts', '../lib/contract/money.ts'],
    ['black-box', 'bench/a.ts', '../gateway/routes.ts'],
    ['scripts-are-not-the-product', 'lib/usage/c.ts', '../../scripts/tool.ts'],
    ['scripts-are-not-the-product', 'gateway/e.ts', '../scripts/tool.ts'],
    ['testing-is-for-tests', 'lib/usage/g.ts', '../api/testing.ts'],
    ['testing-is-for-tests', 'gateway/f.ts', './testing/vendor.ts'],
    ['no-unresolvable', 'lib/usage/d.ts', './gone.ts'],
    ['no-circular', 'lib/usage/e.ts', './f.ts'],
  ]
  let violations: string[] = []
  beforeAll(() => {
    plant(TARGETS)
    plant(Object.fromEntries(planted.map(([, file, target]) => [file, importing(target)])))
    plant({ 'lib/usage/f.ts': importing('./e.ts') })
    const report = cruise(root)
    expect(report.modules).toBeGreaterThan(planted.length)
    violations = report.violations
  }, 60_000)

  test.each(planted)('%s stops %s from importing %s', (rule, file) => {
    expect(violations.filter((violation) => violation.startsWith(`${rule}: ${file} → `))).not.toEqual([])
  })

  test('every rule of the configuration has a planted violation', async () => {
    const { default: config } = (await import(
      pathToFileURL(path.join(ROOT, '.dependency-cruiser.mjs')).href
    )) as {
      default: { forbidden: { name: string }[] }
    }
    const rules = config.forbidden.map((rule) => rule.name)
    expect(rules.filter((rule) => !planted.some(([name]) => name === rule))).toEqual([])
  })

  test('what the table of rooms allows is let through', () => {
    const allowed = Object.keys(TARGETS)
    expect(
      violations.filter((violation) => allowed.some((file) => violation.includes(`: ${file} → `))),
    ).toEqual([])
  })

  test('a tree of which no module can be read is a failure, not a success', () => {
    const empty = mkdtempSync(path.join(tmpdir(), 'gatehouse-unread-'))
    try {
      for (const name of ['.dependency-cruiser.mjs', 'package.json'])
        cpSync(path.join(ROOT, name), path.join(empty, name))
      cpSync(path.join(ROOT, 'scripts/checks/resolve.cjs'), path.join(empty, 'scripts/checks/resolve.cjs'))
      mkdirSync(path.join(empty, 'lib'))
      writeFileSync(path.join(empty, 'lib/a.ts'), 'this is no TypeScript (\n')
      expect(() => cruise(empty)).toThrow(/dependency-cruiser/)
    } finally {
      rmSync(empty, { recursive: true })
    }
  }, 30_000)
})

describe('biome', () => {
  const planted: [rule: string, file: string, text: string][] = [
    ['noRestrictedImports', 'app/biome.tsx', importing('@/gateway/routes')],
    ['noRestrictedImports', 'components/biome.tsx', importing('@/lib/server/db')],
    ['noRestrictedImports', 'lib/contract/biome.ts', importing('react')],
    ['noRestrictedImports', 'lib/format/biome.ts', importing('next/link')],
    ['noRestrictedImports', 'gateway/biome.ts', importing('@prisma/client')],
    ['noRestrictedImports', 'lib/resources/keys/biome.ts', importing('../../../gateway/routes.ts')],
    ['noRestrictedImports', 'e2e/biome.ts', importing('../lib/contract/money.ts')],
    ['noRestrictedImports', 'bench/biome.ts', importing('../lib/contract/money.ts')],
    [
      'noFloatingPromises',
      'lib/usage/floating.ts',
      'async function work() {}\n\nexport function start() {\n  work()\n}\n',
    ],
    [
      'noMisusedPromises',
      'lib/usage/misused.ts',
      'async function ready() {\n  return true\n}\n\nexport function start() {\n  if (ready()) return 1\n  return 2\n}\n',
    ],
    ['noExplicitAny', 'lib/usage/any.ts', 'export const value: any = 1\n'],
    ['noBarrelFile', 'lib/usage/barrel.ts', "export { money } from '../contract/money.ts'\n"],
  ]
  let diagnostics: { category: string; path: string }[] = []
  beforeAll(() => {
    plant(TARGETS)
    plant(Object.fromEntries(planted.map(([, file, text]) => [file, text])))
    const { stdout } = spawnSync(
      process.execPath,
      [programOf('@biomejs/biome'), 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    )
    const report = JSON.parse(stdout) as {
      diagnostics: { category: string; severity: string; location: { path: string | { file: string } } }[]
    }
    diagnostics = report.diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ category, location }) => ({
        category,
        path: typeof location.path === 'string' ? location.path : location.path.file,
      }))
  }, 60_000)

  test.each(planted)('%s is an error in %s', (rule, file) => {
    const found = diagnostics.filter(
      ({ category, path: at }) => category.endsWith(`/${rule}`) && at.endsWith(file),
    )
    expect(found).not.toEqual([])
  })
})

test('knip finds a file and an export that nobody uses', () => {
  plant({
    'lib/usage/dead.ts': 'export const dead = 1\n',
    'scripts/entry.ts': "import { used } from '../lib/usage/half-dead.ts'\n\nconsole.log(used)\n",
    'lib/usage/half-dead.ts': 'export const used = 1\nexport const unused = 1\n',
  })
  const { stdout, status } = spawnSync(
    process.execPath,
    [programOf('knip'), '--no-progress', '--reporter', 'json'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  expect(status).not.toBe(0)
  const { issues } = JSON.parse(stdout) as {
    issues: { file: string; files: unknown[]; exports: { name: string }[] }[]
  }
  expect(issues.find(({ file }) => file === 'lib/usage/dead.ts')?.files).toHaveLength(1)
  expect(issues.find(({ file }) => file === 'lib/usage/half-dead.ts')?.exports).toMatchObject([
    { name: 'unused' },
  ])
}, 60_000)

describe('the gateway bundle', () => {
  const build = (entry: string) => buildGateway({ entry: path.join(root, entry), write: false, root })

  test.each([
    ['a screen', '../components/ui/button.tsx'],
    ["the admin's server code", '../lib/server/db.ts'],
    ['React', 'react'],
    ['a package nobody decided on', 'clsx'],
  ])('refuses %s', async (_, target) => {
    plant(TARGETS)
    plant({
      'gateway/bundled.ts': importing(target).replace('export const use = found', 'console.log(found)'),
    })
    await expect(build('gateway/bundled.ts')).rejects.toThrow('holds what it must not')
  })

  test('takes the contract, its own files and Node', async () => {
    plant(TARGETS)
    plant({
      'gateway/bundled.ts': `${importing('../lib/contract/money.ts').replace('export const use = found', 'console.log(found, hash)')}import { hash } from 'node:crypto'\n`,
    })
    await expect(build('gateway/bundled.ts')).resolves.toBeDefined()
  })
})
