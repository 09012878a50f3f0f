/**
 * `npm run pictures`: renews docs/images from a Gatehouse that runs with the example company; the longer `npm run demo`
 * has sent its calls, the fuller they are. It finds the console and signs in as the demo does, by password.
 */
import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Browser, chromium, type Page } from '@playwright/test'
import { findAdmin, signedInCookies } from './demo/api.ts'
import { findBrowser } from './test/browser.ts'
import { errorText, UserError } from './user-error.ts'

const FOLDER = path.join(import.meta.dirname, '../docs/images')
const SIZE = { width: 1440, height: 860 }
const MAX_BYTES = 300_000
const PICTURES = [
  { file: 'overview.png', path: '/?simulated=include', colorScheme: 'light' },
  { file: 'overview-dark.png', path: '/?simulated=include', colorScheme: 'dark' },
] as const

async function main() {
  const host = process.env.HOST ?? '127.0.0.1'
  const adminUrl = process.env.GATEHOUSE_ADMIN_URL ?? `http://${host}:${process.env.PORT ?? 3000}`
  await findAdmin(adminUrl)
  const cookies = await signedInCookies(adminUrl, process.env)
  await mkdir(FOLDER, { recursive: true })
  const browser = await chromium.launch({ executablePath: findBrowser(console.log), args: ['--no-sandbox'] })
  try {
    for (const picture of PICTURES) await take(browser, adminUrl, cookies, picture)
  } finally {
    await browser.close()
  }
}

async function take(
  browser: Browser,
  adminUrl: string,
  cookies: ReadonlyMap<string, string>,
  { file, path: where, colorScheme }: (typeof PICTURES)[number],
): Promise<void> {
  const context = await browser.newContext({
    baseURL: adminUrl,
    viewport: SIZE,
    colorScheme,
    reducedMotion: 'reduce',
  })
  await context.addCookies([...cookies].map(([name, value]) => ({ name, value, url: adminUrl })))
  const page = await context.newPage()
  await page.goto(where)
  await settled(page)
  const target = path.join(FOLDER, file)
  await page.screenshot({ path: target })
  await context.close()
  const { size } = await stat(target)
  if (size > MAX_BYTES) throw new UserError(`${file} has ${size} bytes, more than ${MAX_BYTES}.`)
  console.log(`${file}: ${Math.round(size / 1_000)} kB`)
}

/** The navigation is there, and nothing is loading. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).waitFor()
  await page.waitForFunction(
    () =>
      document.querySelector('[aria-label^="Loading"], [aria-busy="true"]') === null &&
      document.querySelector('main svg.recharts-surface') !== null,
  )
}

main().catch((error: unknown) => {
  console.error(errorText(error))
  process.exitCode = 1
})
