import { randomBytes } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { callStatus } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

/** Further tries at a target that is out, till its circuit closes: a back-off of up to 8 s, then three good answers. */
const CLOSED_WITHIN_MS = 30_000
const product = sharedProduct()
const api = managementApi(product)
let vendor: Vendor
let way: Way

test.beforeAll(async () => {
  vendor = await startVendor()
  way = await makeWay(api, `provider-${randomBytes(3).toString('hex')}`, vendor.baseUrl)
  await api.request('PATCH', `/routes/${way.routeId}`, { retries: { attempts: 0 } })
})
test.afterAll(() => vendor?.stop())

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

test('one of several keys is replaced and one taken away in the form, and the others stay unread', async ({
  page,
}) => {
  const patch = (apiKey: string[]) =>
    api.request('PATCH', `/providers/${way.providerId}`, { credentials: { apiKey } })
  expect((await patch(['sk-key-one-1111', 'sk-key-two-2222', 'sk-key-three-3333'])).status).toBe(200)
  await signIn(page, product.email, product.password)
  await page.goto(`/providers/${way.providerId}`)
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
