import { defineConfig } from '@playwright/test'

const browser = process.env.CHROMIUM_PATH
const adminUrl = process.env.GATEHOUSE_E2E_ADMIN_URL

/** In a real browser, against the product as `npm start` runs it; e2e/global-setup.ts starts and stops it. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  globalSetup: './e2e/global-setup.ts',
  outputDir: 'test-results',
  // One product for all of them, on as little as two cores.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    // Workers read this file after the setup has set the address.
    ...(adminUrl ? { baseURL: adminUrl } : {}),
    launchOptions: { args: ['--no-sandbox'], ...(browser ? { executablePath: browser } : {}) },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
})
