import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { programOf } from '../build/run-tool.ts'

const ROOMS = ['app', 'components', 'lib', 'gateway', 'scripts', 'e2e', 'bench']

export interface DependencyReport {
  modules: number
  /** `rule: from → to`. */
  violations: string[]
}

interface CruiseResult {
  modules: { source: string }[]
  summary: { totalCruised: number; violations: { rule: { name: string }; from: string; to: string }[] }
}

/**
 * Runs dependency-cruiser over the rooms below a folder. Throws when it read nothing of a room that is there:
 * without a parser for TypeScript it finds no violations in no modules, and calls that a success.
 */
export function cruise(root: string): DependencyReport {
  const rooms = ROOMS.filter((room) => holdsTypeScript(path.join(root, room)))
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      programOf('dependency-cruiser'),
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'json',
      ...rooms,
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 },
  )
  if (!stdout) throw new Error(`dependency-cruiser failed (exit code ${status}): ${stderr}`)
  const result = JSON.parse(stdout) as CruiseResult
  for (const room of rooms) {
    const read = result.modules.some(
      (module) => module.source.startsWith(`${room}/`) && /\.tsx?$/.test(module.source),
    )
    if (!read)
      throw new Error(`dependency-cruiser read no module of ${room}/: its parser for TypeScript is missing`)
  }
  return {
    modules: result.summary.totalCruised,
    violations: result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  }
}

function holdsTypeScript(folder: string): boolean {
  return (
    existsSync(folder) &&
    readdirSync(folder, { recursive: true }).some((name) => /\.tsx?$/.test(String(name)))
  )
}
