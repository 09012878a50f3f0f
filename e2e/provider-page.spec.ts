import { randomBytes } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { callStatus } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

/** Further tries at a target that is out, till its circuit closes: a back-off of up to 8 s, then three good answers. */
const CLOSED_WITHIN_MS = 30_000
/** Three checks two seconds apart, a lease after three, a reading after two. */
const CHECKED_WITHIN_MS = 25_000
const product = sharedProduct()
const api = managementApi(product)
const name = `provider-${randomBytes(3).toString('hex')}`
let vendor: Vendor
let server: Vendor | undefined
let way: Way

test.beforeAll(async () => {
  vendor = await startVendor()
  way = await makeWay(api, name, vendor.baseUrl)
  await api.request('PATCH', `/routes/${way.routeId}`, { retries: { attempts: 0 } })
})
test.afterAll(() => Promise.all([vendor?.stop(), server?.stop()]))

const call = () => callStatus(product, way.secret, way.route)

test('a vendor that fails shows as out on its page and in the list, and as healthy again, without a reload', async ({
  page,
  context,
}) => {
  await signIn(page, product.email, product.password)
  await page.goto(`/providers/${way.providerId}`)
  const list = await context.newPage()
  await list.goto('/providers')
  const row = list.getByRole('row', { name: way.providerName })
  const model = page.getByRole('row', { name: /^gpt-fake/ })
  await expect(model.getByText('Not called', { exact: true }).last()).toBeVisible()

  expect(await call()).toBe(200)
  await expect(model.getByText('Healthy', { exact: true }).last()).toBeVisible()
  await expect(row.getByText('Healthy', { exact: true })).toBeVisible()

  await vendor.behave({ status: 500 })
  for (let failures = 0; failures < 5; failures += 1) expect(await call()).toBeGreaterThanOrEqual(500)
  // Out, then to be tried again once its back-off is over: a call that fails puts it out anew.
  await expect(model).toContainText(/circuit is (half )?open/)
  await expect(row).toContainText(/Out|Tried again/)
  await expect(page.getByRole('status').filter({ hasText: /1 model: 1 (out|tried again)/ })).toBeVisible()
  const failures = page.getByRole('figure', {
    name: /% of \d+ attempts failed, mostly: failed at the vendor/,
  })
  await expect(failures.getByRole('link', { name: /^Failed at the vendor \d+$/ })).toHaveAttribute(
    'href',
    new RegExp(`providerId=${way.providerId}&code=provider_error`),
  )

  await vendor.behave({})
  await expect
    .poll(
      async () => {
        await call()
        return model.getByText('Healthy', { exact: true }).or(model.getByText('Some failures')).count()
      },
      { timeout: CLOSED_WITHIN_MS, intervals: [500] },
    )
    .toBeGreaterThan(0)
  await expect(row).toContainText(/Healthy|Some failures/)
})

test('a key that its vendor refuses shows as refused while calls go on with the other', async ({ page }) => {
  const own = await makeWay(api, `${name}-keys`, vendor.baseUrl)
  const refused = 'sk-refused-key-8888'
  await vendor.behave({}, { [refused]: { status: 401 } })
  await api.request('PATCH', `/providers/${own.providerId}`, {
    credentials: { apiKey: ['sk-taken-key-7777', refused] },
  })
  await signIn(page, product.email, product.password)
  await page.goto(`/providers/${own.providerId}`)
  const row = page.getByRole('row', { name: /••••8888/ })
  await expect(row.getByText('Not called', { exact: true }).last()).toBeVisible()

  // They take turns: one of two goes to the one that is refused, and on with the other.
  for (const _turn of [1, 2]) expect(await callStatus(product, own.secret, own.route)).toBe(200)
  await expect(row.getByText('Refused', { exact: true }).last()).toBeVisible()
  await expect(row).toContainText('It said HTTP 401: not a valid key. Tried again in')
  await expect(page.getByRole('status').filter({ hasText: '2 API keys: 1 refused' })).toBeVisible()
  await expect(page.getByRole('row', { name: /••••7777/ })).not.toContainText('Refused')
  expect(await callStatus(product, own.secret, own.route)).toBe(200)
})

test("a server of one's own is checked as its form says, and shows as it fails and lives again", async ({
  page,
}) => {
  server = await startVendor()
  const own = await makeWay(api, `${name}-check`, server.baseUrl)
  await signIn(page, product.email, product.password)
  await page.goto(`/providers/${own.providerId}?tab=configure`)
  await page.getByRole('switch', { name: 'Check the server' }).click()
  await page.getByLabel('Path').fill('no slash')
  await page.getByLabel('Every, seconds').fill('2')
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByText('begins with a slash').first()).toBeVisible()
  await page.getByLabel('Path').fill('/models')
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByText(`Saved provider ${own.providerName}`)).toBeVisible()

  await page.getByRole('tab', { name: 'Health' }).click()
  await expect(
    page.getByText(`Each gateway asks for ${server.baseUrl}/models every 2 s.`, { exact: true }),
  ).toBeVisible()
  const alive = page.getByRole('status').filter({ hasText: 'Alive' })
  await expect(alive).toBeVisible({ timeout: CHECKED_WITHIN_MS })
  await server.behave({ status: 500 })
  await expect(page.getByRole('status').filter({ hasText: 'Failing' })).toBeVisible({
    timeout: CHECKED_WITHIN_MS,
  })
  await expect(page.getByText('It answered with HTTP 500.')).toBeVisible()
  // Nobody has called it yet.
  const model = page.getByRole('row', { name: /^gpt-fake/ })
  await expect(model.getByText('Out', { exact: true }).last()).toBeVisible({ timeout: CHECKED_WITHIN_MS })
  await server.behave({})
  await expect(alive).toBeVisible({ timeout: CHECKED_WITHIN_MS })
  await expect(model.getByText('Out', { exact: true })).toHaveCount(0, { timeout: CHECKED_WITHIN_MS })
})

test('a new address asks for the stored keys anew before it is saved', async ({ page }) => {
  const provider = await api.post<{ id: string }>('/providers', {
    name: `${name} moves`,
    kind: 'openai',
    credentials: { apiKey: ['sk-stored-key-1111', 'sk-stored-key-2222'] },
  })
  await signIn(page, product.email, product.password)
  await page.goto(`/providers/${provider.id}?tab=configure`)
  const asked = page.getByText('Stored keys do not go to a new address')
  await page.getByLabel('Base URL').fill('https://eu.api.openai.com/v1')
  await expect(asked).toBeVisible()
  await page.getByLabel('Base URL').fill('')
  await expect(asked).toBeHidden()
  await expect(page.getByRole('button', { name: 'Replace ••••1111' })).toBeVisible()

  await page.getByLabel('Base URL').fill('https://eu.api.openai.com/v1')
  await page.getByLabel('API key 1, in place of ••••1111').fill('sk-anew-key-3333')
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByText(/^does not go to a new address/)).toBeVisible()
  await page.getByRole('button', { name: 'Remove ••••2222' }).click()
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByText(`Saved provider ${name} moves`)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Replace ••••3333' })).toBeVisible()
  await expect(asked).toBeHidden()
  expect(await api.get(`/providers/${provider.id}`)).toMatchObject({
    baseUrl: 'https://eu.api.openai.com/v1',
    credentials: { apiKey: [{ last4: '3333' }] },
  })
})

test('another kind of provider takes the check of the server out, with a word', async ({ page }) => {
  await signIn(page, product.email, product.password)
  await page.goto('/providers/new')
  await page.getByRole('radio', { name: /^OpenAI-compatible/ }).click()
  await page.getByRole('switch', { name: 'Check the server' }).click()
  await page.getByRole('radio', { name: /^Sandbox/ }).click()
  await expect(page.getByText('The check of the server is taken out')).toBeVisible()
  await page.getByLabel('Name').fill(`${name} sandbox`)
  await page.getByRole('button', { name: 'Add provider' }).click()
  await expect(page.getByRole('heading', { name: `${name} sandbox` })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Create its first route' })).toBeVisible()
})

test('a viewer sees how it does and how it is set up, and nothing fails or can be changed', async ({
  page,
}) => {
  const own = await makeWay(api, `${name}-seen`, vendor.baseUrl)
  await api.request('PATCH', `/providers/${own.providerId}`, {
    credentials: { apiKey: ['sk-seen-key-5555', 'sk-seen-key-6666'] },
    options: { healthCheck: { path: '/health', intervalSeconds: 60 } },
  })
  const email = `${name}-viewer@example.com`
  const password = 'a long enough password'
  await api.post('/users', { name: `${name} viewer`, email, password, role: 'viewer', teams: [] })
  await signIn(page, email, password)
  const refusals: string[] = []
  page.on('response', (response) => {
    if (response.status() >= 400) refusals.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(`/providers/${own.providerId}?tab=configure`)
  const main = page.getByRole('main')
  await expect(main.getByRole('row', { name: /••••6666/ })).toBeVisible()
  await expect(main.getByRole('heading', { name: 'Failures by kind' })).toBeVisible()
  await expect(main.getByText('No call was sent to it in the last hour.')).toBeVisible()
  await expect(main.getByText(/^Each gateway asks for .+\/health every 1 min\.$/)).toHaveCount(2)
  await expect(main.getByRole('link', { name: own.route })).toBeVisible()
  await expect(main.getByRole('tab')).toHaveCount(0)
  await expect(main.getByRole('textbox')).toHaveCount(0)
  await expect(main.getByRole('button', { name: /Save|Delete|Create|Test|Replace/ })).toHaveCount(0)
  await expect(main.getByRole('link', { name: /^Create/ })).toHaveCount(0)
  expect(refusals).toEqual([])
})

test('one of several keys is replaced and one taken away in the form, and the others stay unread', async ({
  page,
}) => {
  const patch = (apiKey: string[]) =>
    api.request('PATCH', `/providers/${way.providerId}`, { credentials: { apiKey } })
  expect((await patch(['sk-key-one-1111', 'sk-key-two-2222', 'sk-key-three-3333'])).status).toBe(200)
  await signIn(page, product.email, product.password)
  await page.goto(`/providers/${way.providerId}?tab=configure`)
  const lastFours = async () => {
    const provider = await api.get<{ credentials: { apiKey: { last4: string }[] } }>(
      `/providers/${way.providerId}`,
    )
    return provider.credentials.apiKey.map(({ last4 }) => last4)
  }

  await page.getByRole('button', { name: 'Replace ••••2222' }).click()
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByText('is empty').first()).toBeVisible()
  expect(await lastFours()).toEqual(['1111', '2222', '3333'])
  await page.getByLabel('API key 2, in place of ••••2222').fill('sk-key-new-4444')
  await page.getByRole('button', { name: 'Remove ••••1111' }).click()
  await expect(page.getByText('2 stored keys are taken away when you save')).toBeVisible()
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByRole('button', { name: 'Replace ••••4444' })).toBeVisible()
  expect(await lastFours()).toEqual(['4444', '3333'])
  await expect(page.getByText('taken away when you save')).toHaveCount(0)
})
