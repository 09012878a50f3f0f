import { randomBytes } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { APIError } from 'openai'
import { caller } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `reprice-${randomBytes(3).toString('hex')}`
const model = `${name}-model`
const OUTPUT_TOKENS = 100
const CALLS = 5
let vendor: Vendor
let way: Way
let route: string
let budgetId: string

test.beforeAll(async () => {
  vendor = await startVendor()
  // Every answer is as long as its cap.
  await vendor.behave({ fillCap: true })
  way = await makeWay(api, name, vendor.baseUrl)
  route = `${name}-unpriced`
  await api.post('/routes', { name: route, targets: [{ providerId: way.providerId, model }] })
  const budget = await api.post<{ id: string }>('/budgets', {
    name: `${name} budget`,
    scope: { type: 'team', id: way.teamId },
    // A cent each: five fit, and no sixth.
    amountUsd: '0.055',
    period: 'total',
    enforcement: 'hard',
    onUnbounded: 'allow',
  })
  budgetId = budget.id
})
test.afterAll(() => vendor?.stop())

const spentUsd = async () =>
  (await api.get<{ current: { spentUsd: string } }>(`/budgets/${budgetId}`)).current.spentUsd

async function call(): Promise<{ status: number; id: string }> {
  try {
    const { response } = await caller(product, way.secret)
      .chat.completions.create({
        model: route,
        messages: [{ role: 'user', content: 'Hello' }],
        max_completion_tokens: OUTPUT_TOKENS,
      })
      .withResponse()
    return { status: 200, id: response.headers.get('x-gatehouse-request-id') ?? '' }
  } catch (error) {
    if (error instanceof APIError) return { status: error.status ?? 0, id: '' }
    throw error
  }
}

test('calls without a price get one: seen first, then corrected line by line, and their budget counts them', async ({
  page,
}) => {
  const ids: string[] = []
  for (let n = 0; n < CALLS; n += 1) ids.push((await call()).id)
  await expect
    .poll(async () => (await api.get<{ data: unknown[] }>(`/calls?route=${route}`)).data.length)
    .toBe(CALLS)
  expect(await spentUsd()).toBe('0')

  await signIn(page, product.email, product.password)
  await page.goto('/prices?tab=unpriced')
  const row = page.getByRole('row', { name: new RegExp(model) })
  await expect(row).toContainText(`${name} vendor`)
  await expect(row.getByRole('cell', { name: '5', exact: true })).toBeVisible()
  await row.getByRole('button', { name: 'Set a price' }).click()
  const form = page.getByRole('dialog', { name: 'Set a price' })
  await expect(form.getByLabel('Model')).toHaveValue(model)
  await expect(form.getByLabel('For')).toHaveValue(`prov:${way.providerId}`)
  await form.getByLabel('Input', { exact: true }).fill('0')
  await form.getByLabel('Output', { exact: true }).fill('1000')
  await form.getByRole('button', { name: 'Set price' }).click()

  // Typed ten times too much: the preview shows it, and nothing is done by looking.
  const preview = page.getByRole('dialog', { name: `Price past calls of ${model} again` })
  await expect(preview).toContainText('5 calls had no price until now')
  await expect(preview).toContainText('+$0.50')
  await expect(preview.getByRole('region', { name: 'Budgets' })).toContainText(`${name} budget`)
  await preview.getByRole('button', { name: 'Cancel' }).click()
  expect(await spentUsd()).toBe('0')

  await page.getByRole('tab', { name: 'Your prices' }).click()
  await page.getByRole('row', { name: new RegExp(model) }).click()
  const editor = page.getByRole('dialog', { name: `Price of ${model}` })
  await editor.getByLabel('Output', { exact: true }).fill('100')
  await editor.getByRole('button', { name: 'Save price' }).click()
  await expect(editor).toBeHidden()

  await page.getByRole('tab', { name: 'Unpriced models' }).click()
  await row.getByRole('button', { name: 'Price these calls' }).click()
  await expect(preview).toContainText('+$0.05')
  await preview.getByRole('button', { name: 'Price 5 calls again' }).click()
  await expect(preview.getByRole('status')).toContainText('5 calls corrected')
  await expect(preview.getByRole('status')).toContainText('Budgets that they touch are counted anew.')
  expect(await spentUsd()).toBe('0.05')
  // A gateway that counted as before would let as many through again.
  let through = 0
  await expect
    .poll(async () => {
      const { status } = await call()
      if (status === 200) through += 1
      return status
    })
    .toBe(402)
  expect(through).toBeLessThan(CALLS)

  await preview.getByRole('link', { name: 'See the corrected calls' }).click()
  await expect(page.getByRole('row', { name: new RegExp(route) })).toHaveCount(CALLS)
  await page.goto(`/calls/${ids[0]}`)
  const receipt = page.getByRole('region', { name: 'Cost' })
  await expect(receipt.getByRole('row', { name: /Output corrected/ })).toContainText('100 × $100 / 1M')
  const corrections = receipt.getByRole('region', { name: 'Corrections' })
  await expect(corrections).toContainText('it had no price, and is $0.01 now')

  // Once more, for a price that changed: what was wrong is taken back and stays to be seen.
  const { data: prices } = await api.get<{ data: { id: string }[] }>(`/prices?q=${model}`)
  const priceId = prices[0]?.id
  await api.request('PATCH', `/prices/${priceId}`, { outputUsdPerMillion: '50' })
  const { id } = await api.post<{ id: string }>(`/prices/${priceId}/reprice`, { dryRun: false })
  await expect.poll(async () => (await api.get<{ status: string }>(`/repricings/${id}`)).status).toBe('done')
  await page.reload()
  await expect(corrections).toContainText('it had no price, and is $0.005 now')
  await corrections.getByText('4 lines in the books').click()
  await expect(corrections.getByRole('row', { name: /Output taken back/ })).toContainText('-100 × $100 / 1M')
})
