import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../build/fingerprint.ts'
import { programOf } from '../build/run-tool.ts'

export interface Tally {
  passed: number
  failed: number
}

interface VitestReport {
  numPassedTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

/** Runs every vitest project. A file that could not even be read counts as one failure. */
export async function runVitest(): Promise<Tally> {
  const { code, report } = await run<VitestReport>('vitest', (file) => ({
    args: ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${file}`],
    env: {},
  }))
  if (!report) return { passed: 0, failed: 1 }
  let failed = 0
  for (const file of report.testResults) {
    const broken = file.assertionResults.filter((test) => test.status === 'failed').length
    failed += broken === 0 && file.status === 'failed' ? 1 : broken
  }
  // An error outside any test: a rejection that nobody handled, a setup that threw.
  if (code !== 0 && failed === 0) failed = 1
  return { passed: report.numPassedTests, failed }
}

interface PlaywrightReport {
  stats: { expected: number; unexpected: number; flaky: number }
  errors: unknown[]
}

/** Runs the tests in the browser, which start the product by themselves. */
export async function runPlaywright(browser: string): Promise<Tally> {
  const { code, report } = await run<PlaywrightReport>('@playwright/test', (file) => ({
    args: ['test', '--reporter=dot,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file, CHROMIUM_PATH: browser },
  }))
  if (!report) return { passed: 0, failed: 1 }
  const { expected, unexpected, flaky } = report.stats
  // One that passes the second time only is not proved.
  let failed = unexpected + flaky
  if (code !== 0 && failed === 0) failed = Math.max(1, report.errors.length)
  return { passed: expected, failed }
}

type Invocation = (reportFile: string) => { args: string[]; env: Record<string, string> }

async function run<Report>(
  tool: string,
  invocation: Invocation,
): Promise<{ code: number | null; report: Report | null }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-report-'))
  const file = path.join(folder, 'report.json')
  const { args, env } = invocation(file)
  try {
    const code = await new Promise<number | null>((resolve) => {
      const child = spawn(process.execPath, [programOf(tool), ...args], {
        cwd: ROOT,
        env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => console.log(`      ${line}`))
      }
      const forward = (signal: NodeJS.Signals) => child.kill(signal)
      process.on('SIGTERM', forward).on('SIGINT', forward)
      child.on('close', resolve)
    })
    return { code, report: existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : null }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
