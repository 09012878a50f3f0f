import { BUILD_STEPS, withBuildLock } from '../build/product.ts'
import { CHECKS, type Check, indent, prepareChecks, report } from '../checks/checks.ts'
import { findBrowser } from './browser.ts'
import { runPlaywright, runVitest, type Tally } from './runners.ts'

/**
 * `npm test`: every check counts as one test, then vitest and the browser. A failing step does not stop the next.
 * The last line, and only that, is `N passed, N failed`.
 */
export async function main(): Promise<void> {
  const total: Tally = { passed: 0, failed: 0 }
  const add = ({ passed, failed }: Tally) => {
    total.passed += passed
    total.failed += failed
  }
  const one = async (check: Check) => {
    const passed = await report(check)
    add(passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
    return passed
  }

  await prepareChecks().catch((error: Error) => console.log(indent(error.message)))
  for (const check of CHECKS) await one(check)

  const built = await one({ name: 'build', run: build })
  // After the build: some of them start the product.
  console.log('  vitest')
  add(await runVitest())

  let browser = ''
  const found = await one({
    name: 'browser',
    async run() {
      browser = findBrowser((text) => console.log(`      ${text}`))
      return browser
    },
  })
  if (built && found) {
    console.log('  playwright')
    add(await runPlaywright(browser))
  }

  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  process.exit(total.failed > 0 ? 1 : 0)
}

async function build(): Promise<string> {
  const built: string[] = []
  await withBuildLock(async () => {
    for (const [part, buildPart] of Object.entries(BUILD_STEPS)) if (await buildPart()) built.push(part)
  })
  return built.length > 0 ? built.join(', ') : 'up to date'
}
