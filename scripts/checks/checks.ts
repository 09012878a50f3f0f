import { basename } from 'node:path'
import { buildGateway } from '../build/gateway.ts'
import { BUILD_STEPS, withBuildLock } from '../build/product.ts'
import { runTool } from '../build/run-tool.ts'
import { audit } from './audit.ts'
import { cruise } from './dependencies.ts'
import { makeSbom } from './sbom.ts'

export interface Check {
  name: string
  /** Resolves with a few words for the log; throws an error whose message tells what is wrong. */
  run(): Promise<string>
}

/** What needs no test runner, in the order of `npm run check`. */
export const CHECKS: Check[] = [
  {
    name: 'biome',
    run: async () => tool('@biomejs/biome', ['check', '--error-on-warnings', '--colors=off']),
  },
  { name: 'tsc', run: async () => tool('typescript', ['--noEmit', '--pretty', 'false', '-p', '.']) },
  {
    name: 'tsc gateway',
    run: async () => tool('typescript', ['--noEmit', '--pretty', 'false', '-p', 'gateway']),
  },
  {
    name: 'import rules',
    async run() {
      const { modules, violations } = cruise(process.cwd())
      if (violations.length > 0) throw new Error(violations.join('\n'))
      return `${modules} modules`
    },
  },
  { name: 'dead code', run: async () => tool('knip', ['--no-progress', '--no-config-hints']) },
  { name: 'bill of materials', run: makeSbom },
  { name: 'advisories', run: () => audit() },
  {
    name: 'gateway bundle',
    async run() {
      const { outputs } = await withBuildLock(() => buildGateway({ write: false }))
      const files = Object.entries(outputs).filter(([file]) => file.endsWith('.mjs'))
      return files.map(([file, { bytes }]) => `${basename(file)} ${Math.round(bytes / 1024)} KiB`).join(', ')
    },
  },
]

/** The types that tsc reads come from the generated client. */
export async function prepareChecks(): Promise<void> {
  await withBuildLock(() => BUILD_STEPS.client())
}

async function tool(name: string, args: string[]): Promise<string> {
  await runTool(name, args)
  return ''
}

/** Runs one check and prints one line for it, and what is wrong below it, indented. */
export async function report(check: Check): Promise<boolean> {
  const start = performance.now()
  const line = (state: string, note: string) => {
    const time = `${((performance.now() - start) / 1000).toFixed(1)} s`
    console.log(`  ${state.padEnd(5)} ${check.name.padEnd(20)} ${time.padStart(8)}  ${note}`.trimEnd())
  }
  try {
    line('ok', await check.run())
    return true
  } catch (error) {
    line('FAIL', '')
    console.log(indent(error instanceof Error ? error.message : String(error)))
    return false
  }
}

export function indent(text: string): string {
  return text.replace(/^/gm, '      ')
}
