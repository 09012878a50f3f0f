import { randomBytes } from 'node:crypto'
import { expect, type Page, type Request, test } from '@playwright/test'
import { caller, streamedCall } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const SEEN_WITHIN_MS = 2_000
const product = sharedProduct()
const name = `live-${randomBytes(3).toString('hex')}`
let vendor: Vendor
let way: Way

test.beforeAll(async () => {
  vendor = await startVendor()
  way = await makeWay(managementApi(product), name, vendor.baseUrl)
})
test.afterAll(() => vendor?.stop())

const call = () => streamedCall(caller(product, way.secret), way.route)

test('a new call and moved totals stand in other tabs within two seconds of its end, without a reload', async ({
  page,
  context,
}) => {
  await signIn(page, product.email, product.password)
  // Something to count up from, and no checklist in the overview's place.
  await call()
  const list = await context.newPage()
  await page.goto('/')
  await dismissChecklist(page)
  await expect(page.getByText(/Live · as of/)).toBeVisible()
  await list.goto(`/calls?route=${way.route}`)
  const rows = list.getByRole('row', { name: new RegExp(way.route) })
  await expect(rows).toHaveCount(1)
  await expect(list.getByRole('status').getByText('live')).toBeVisible()
  const before = await totalCalls(page)

  for (let round = 1; round <= 3; round++) {
    const { endedAt } = await call()
    await expect(rows).toHaveCount(1 + round, { timeout: SEEN_WITHIN_MS })
    await expect.poll(() => totalCalls(page), { intervals: [50] }).toBe(before + round)
    expect(Date.now() - endedAt).toBeLessThan(SEEN_WITHIN_MS)
  }
})

test('a tab out of sight holds no stream open, and catches up when it is seen again', async ({ page }) => {
  await signIn(page, product.email, product.password)
  // A browser without a window hides no tab: what the page is told of its own visibility is set instead.
  await page.addInitScript(() => {
    const state = { hidden: false }
    Object.defineProperty(document, 'hidden', { get: () => state.hidden })
    Object.defineProperty(document, 'visibilityState', { get: () => (state.hidden ? 'hidden' : 'visible') })
    Object.assign(window, {
      setHidden(hidden: boolean) {
        state.hidden = hidden
        document.dispatchEvent(new Event('visibilitychange'))
      },
    })
  })
  const setHidden = (hidden: boolean) =>
    page.evaluate((value) => (window as unknown as { setHidden(on: boolean): void }).setHidden(value), hidden)
  let open = 0
  const isStream = (request: Request) => request.url().endsWith('/api/v1/events')
  page.on('request', (request) => {
    if (isStream(request)) open += 1
  })
  const closed = (request: Request) => {
    if (isStream(request)) open -= 1
  }
  page.on('requestfailed', closed)
  page.on('requestfinished', closed)
  await page.goto(`/calls?route=${way.route}`)
  await expect(page.getByRole('status').getByText('live')).toBeVisible()
  await expect(page.getByRole('table')).toBeVisible()
  const rows = page.getByRole('row', { name: new RegExp(way.route) })
  const before = await rows.count()
  await expect.poll(() => open).toBe(1)

  await setHidden(true)
  await expect.poll(() => open).toBe(0)
  await call()
  await setHidden(false)
  await expect(rows).toHaveCount(before + 1)
  await expect.poll(() => open).toBe(1)
})

/** Where no call has landed yet the overview is a checklist. */
async function dismissChecklist(page: Page): Promise<void> {
  const overview = page.getByRole('heading', { level: 1, name: 'Overview' })
  const skip = page.getByRole('button', { name: /the overview/ })
  await expect(overview.or(skip)).toBeVisible()
  if (await skip.isVisible()) await skip.click()
  await expect(overview).toBeVisible()
}

async function totalCalls(page: Page): Promise<number> {
  const text = (await page.getByRole('link', { name: /^Calls ?[\d,]+/ }).textContent()) ?? ''
  return Number(/^Calls ?([\d,]+)/.exec(text)?.[1]?.replaceAll(',', ''))
}
