import { randomBytes } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { caller } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `history-${randomBytes(3).toString('hex')}`
let first: Vendor
let spare: Vendor
let way: Way

test.beforeAll(async () => {
  ;[first, spare] = await Promise.all([startVendor(), startVendor()])
  way = await makeWay(api, name, first.baseUrl)
  const provider = await api.post<{ id: string }>('/providers', {
    name: `${name} spare`,
    kind: 'openai-compatible',
    baseUrl: spare.baseUrl,
    allowPrivateNetwork: true,
  })
  const { status } = await api.request('PATCH', `/routes/${way.routeId}`, {
    targets: [
      { providerId: way.providerId, model: 'gpt-fake', priority: 0 },
      { providerId: provider.id, model: 'gpt-spare', priority: 1 },
    ],
  })
  expect(status).toBe(200)
})
test.afterAll(() => Promise.all([first?.stop(), spare?.stop()]))

/** Its request id. */
async function ask(): Promise<string> {
  const { response } = await caller(product, way.secret)
    .chat.completions.create({ model: way.route, messages: [{ role: 'user', content: 'Hello' }] })
    .withResponse()
  return response.headers.get('x-gatehouse-request-id') ?? ''
}

test('a target that dies while somebody looks on is seen to be replaced, and the receipt says why', async ({
  page,
}) => {
  await signIn(page, product.email, product.password)
  await page.goto(`/routes/${way.routeId}?tab=history`)
  await expect(page.getByText('No calls in this range')).toBeVisible()
  const ofChange = page.getByRole('link', { name: /^Revision \d+ by .+: targets$/ })
  await expect(ofChange).toHaveCount(1)

  await ask()
  // From here on nothing is loaded again by hand.
  await expect(page.getByText('No call was answered by a fallback')).toBeVisible()
  await expect(page.getByText(`gpt-fake at ${way.providerName} was asked each time`)).toBeVisible()

  await first.stop()
  const requestId = await ask()
  await expect(page.getByText(/^A fallback answered 1 of 2 calls, mostly: connection failed$/)).toBeVisible()
  await expect(page.getByText(/% of \d+ attempts failed, mostly: connection failed$/)).toBeVisible()
  const shares = page.getByRole('figure', { name: /had \d+ % of \d+ attempts/ })
  await expect(shares.getByRole('listitem').filter({ hasText: `gpt-spare at ${name} spare` })).toBeVisible()
  // The change stands over each of the four charts.
  await expect(page.getByRole('figure').getByRole('link', { name: /: targets$/ })).toHaveCount(4)

  await page.getByRole('tab', { name: 'Configure' }).click()
  await expect(page.getByText(/\d+ % of calls · \d+ % failed/).first()).toBeVisible()

  await page.goto(`/calls?degraded=true&route=${way.route}`)
  const row = page.getByRole('row', { name: new RegExp(way.route) })
  await expect(row).toHaveCount(1)
  await expect(row.getByText('fallback')).toBeVisible()
  await row.click()
  const receipt = page.getByRole('dialog')
  await expect(receipt.getByText(requestId)).toBeVisible()
  await expect(
    receipt.getByText('Asked for gpt-fake, answered by gpt-spare because the connection to it failed.'),
  ).toBeVisible()
  await expect(receipt.getByText('The caller was told in a header.')).toBeVisible()
  await expect(receipt.getByText('The route chose by priority.')).toBeVisible()
  await expect(receipt.getByText('Connection failed').first()).toBeVisible()
})
