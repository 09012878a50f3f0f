import { randomBytes } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { caller } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `allowed-${randomBytes(3).toString('hex')}`
let vendor: Vendor
let way: Way

test.beforeAll(async () => {
  vendor = await startVendor()
  way = await makeWay(api, name, vendor.baseUrl)
})
test.afterAll(() => vendor?.stop())

test('what a vendor allows is set on its provider, and the next call is told before the vendor has to', async ({
  page,
}) => {
  await signIn(page, product.email, product.password)
  await page.goto(`/providers/${way.providerId}?tab=configure`)
  await page.getByRole('button', { name: 'Add limit' }).click()
  const first = page.getByRole('listitem', { name: 'Limit 1' })
  await first.getByLabel('Amount').fill('1')
  await page.getByRole('button', { name: 'Add limit' }).click()
  const second = page.getByRole('listitem', { name: 'Limit 2' })
  await second.getByLabel('Measure').selectOption({ label: 'Calls at once' })
  await expect(second.getByLabel('Within')).toHaveCount(0)
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(second.getByText(/expected|number/i)).toBeVisible()
  await second.getByLabel('Amount').fill('8')
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(page.getByText(`Saved provider ${way.providerName}`)).toBeVisible()
  expect(await api.get(`/providers/${way.providerId}`)).toMatchObject({
    limits: [
      { model: null, metric: 'requests', limit: 1, windowSeconds: 60 },
      { model: null, metric: 'concurrency', limit: 8, windowSeconds: null },
    ],
  })

  const client = caller(product, way.secret)
  const ask = () =>
    client.chat.completions.create({ model: way.route, messages: [{ role: 'user', content: 'Hello' }] })
  await ask()
  const refusal = await ask().then(
    () => null,
    (error: unknown) => error,
  )
  expect(refusal).toMatchObject({ status: 429, code: 'provider_rate_limited' })
  expect(await vendor.served()).toHaveLength(1)

  // Without a reload: the gateway tells it.
  await expect(page.getByRole('img', { name: '1 of 1 counts now' })).toBeVisible()
  await second.getByRole('button', { name: 'Remove limit 2' }).click()
  await page.getByRole('button', { name: 'Save provider' }).click()
  await expect(second).toHaveCount(0)
})
