import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { programOf } from '../build/run-tool.ts'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const PLACES = [
  '/usr/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/**
 * A Chromium for the tests in the browser: CHROMIUM_PATH, one of the system, Playwright's own, or Debian's by apt-get
 * when we are root. Throws an error that says what to do.
 */
export function findBrowser(say: (text: string) => void): string {
  const given = process.env.CHROMIUM_PATH
  if (given) {
    if (existsSync(given)) return given
    throw new Error(`CHROMIUM_PATH names ${given}, which is not there.`)
  }
  const found = systemBrowser() ?? playwrightBrowser()
  if (found) return found
  say('no Chromium here: asking Playwright to download one')
  spawnSync(process.execPath, [programOf('@playwright/test'), 'install', 'chromium'], {
    stdio: 'ignore',
    timeout: 300_000,
  })
  const downloaded = playwrightBrowser()
  if (downloaded) return downloaded
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('that failed: installing the chromium of the distribution by apt-get')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const options = { stdio: 'ignore', timeout: 600_000, env } as const
    spawnSync('apt-get', ['update', '-q'], options)
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], options)
    const installed = systemBrowser()
    if (installed) return installed
  }
  throw new Error(
    'No Chromium was found and none could be installed: install Chromium or Chrome, or set CHROMIUM_PATH to its program.',
  )
}

function systemBrowser(): string | null {
  for (const program of PROGRAMS) {
    const { stdout } = spawnSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' })
    if (stdout?.trim()) return stdout.trim()
  }
  return PLACES.find((place) => existsSync(place)) ?? null
}

function playwrightBrowser(): string | null {
  const { chromium } = createRequire(import.meta.url)('@playwright/test') as typeof import('@playwright/test')
  const place = chromium.executablePath()
  return place && existsSync(place) ? place : null
}
