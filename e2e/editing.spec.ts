import { randomBytes } from 'node:crypto'
import { expect, type Page, test } from '@playwright/test'
import { caller, streamedCall } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor } from './support/vendor.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `editing-${randomBytes(3).toString('hex')}`
const LONG = 'of-the-kind-that-somebody-in-some-company-will-certainly-choose'
let way: Way

test.beforeAll(async () => {
  const vendor = await startVendor()
  way = await makeWay(api, name, vendor.baseUrl)
  await streamedCall(caller(product, way.secret), way.route)
  await vendor.stop()
})
test.beforeEach(({ page }) => signIn(page, product.email, product.password))

test('two people change one route: what either changed alone is kept, and the choice comes into sight', async ({
  page,
}) => {
  await page.goto(`/routes/${way.routeId}`)
  await page.getByLabel('First token within').fill('41000')
  await api.request('PATCH', `/routes/${way.routeId}`, { maxOutputTokens: 777, onDisconnect: 'drain' })
  // By its place in the page the conflict is far above the button that causes it.
  await page.getByLabel('Largest output').scrollIntoViewIfNeeded()
  await page.getByRole('button', { name: 'Save route' }).click()

  const conflict = page.getByRole('alert').filter({ hasText: 'Somebody else changed this' })
  await expect(conflict).toBeInViewport()
  await expect(conflict.getByRole('row', { name: 'timeouts.firstTokenMs' })).toContainText('41000')
  const drain = conflict.getByRole('row', { name: 'onDisconnect' })
  await expect(drain.getByRole('radio', { name: 'drain' })).toBeChecked()
  await drain.getByRole('radio', { name: 'abort' }).check()
  await conflict.getByRole('button', { name: 'Save the chosen' }).click()
  await expect(page.getByText(`Saved route ${way.route}`)).toBeVisible()

  const saved = await api.get<Record<string, unknown>>(`/routes/${way.routeId}`)
  expect(saved).toMatchObject({
    maxOutputTokens: 777,
    onDisconnect: 'abort',
    timeouts: { firstTokenMs: 41000 },
  })
})

test('who takes the changes of somebody else keeps no secret that was typed meanwhile', async ({ page }) => {
  const provider = await api.post<{ id: string }>('/providers', {
    name: `${name} keyed`,
    kind: 'openai',
    credentials: { apiKey: 'sk-stored-1111' },
  })
  await page.goto(`/providers/${provider.id}?tab=configure`)
  await page.getByRole('button', { name: 'Replace' }).click()
  await page.getByLabel(/in place of ••••1111/).fill('sk-typed-2222')
  await api.request('PATCH', `/providers/${provider.id}`, { name: `${name} theirs` })
  await page.getByRole('button', { name: 'Save provider' }).click()
  const conflict = page.getByRole('alert').filter({ hasText: 'Somebody else changed this' })
  await expect(conflict).toBeVisible()
  await expect(conflict).not.toContainText('sk-typed')
  await conflict.getByRole('button', { name: 'Use theirs' }).click()
  await page.getByLabel('Name').fill(`${name} after`)
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByText(`Saved provider ${name} after`)).toBeVisible()
  const saved = await api.get<{ credentials: unknown }>(`/providers/${provider.id}`)
  expect(saved.credentials).toMatchObject({ apiKey: [{ last4: '1111' }] })
})

test('a click beside a dialog does not throw away what was typed into it', async ({ page }) => {
  await page.goto('/teams?create=true')
  const dialog = page.getByRole('dialog', { name: 'Create team' })
  await dialog.getByLabel('Name').fill('Typed with care')
  await page.mouse.click(5, 5)
  await expect(dialog.getByLabel('Name')).toHaveValue('Typed with care')
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  // Nothing typed, nothing lost.
  await page.getByRole('button', { name: 'Create team' }).first().click()
  await expect(dialog).toBeVisible()
  await page.mouse.click(5, 5)
  await expect(dialog).toBeHidden()
})

test('names of sixty letters leave each list as wide as the page, and its rows one line high', async ({
  page,
}) => {
  const vendor = await startVendor()
  const long = await makeWay(api, `${name}-${LONG}`.slice(0, 56), vendor.baseUrl)
  await streamedCall(caller(product, long.secret), long.route)
  await vendor.stop()
  await expect
    .poll(async () => (await api.get<{ data: unknown[] }>(`/calls?route=${long.route}`)).data.length)
    .toBeGreaterThan(0)
  const places = ['/calls', '/routes', '/consumers', '/keys', '/teams', '/providers', '/prices', '/revisions']
  for (const width of [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: 900 })
    for (const path of places) {
      await page.goto(path)
      await expect(page.getByRole('table')).toHaveAttribute('aria-busy', 'false')
      await expect(page.locator('tbody tr[data-row-id]').first()).toBeVisible()
      expect(await widthOf(page), `${path} at ${width} px`).toBeLessThanOrEqual(width)
      // Phones may show a second line on purpose.
      if (width > 390) expect(await tallestRow(page), `${path} at ${width} px`).toBeLessThanOrEqual(37)
    }
  }
})

test('a screen reads its list once, also after the stream of events has opened', async ({ page }) => {
  await page.goto('/settings')
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible()
  const reads: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/api/v1/teams')) reads.push(request.url())
  })
  const told = page.waitForResponse((response) => response.url().endsWith('/api/v1/events'))
  await page.goto('/teams')
  await told
  await expect(page.getByRole('row', { name: way.teamName })).toBeVisible()
  // What the opening of the stream sets off has left the page once it is idle again.
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)))
  expect(reads).toHaveLength(1)
})

function widthOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth)
}

function tallestRow(page: Page): Promise<number> {
  return page
    .locator('tbody tr[data-row-id]')
    .evaluateAll((rows) => Math.max(...rows.map((row) => row.getBoundingClientRect().height)))
}
