import { randomBytes } from 'node:crypto'
import { expect, type Page, test } from '@playwright/test'
import { APIError } from 'openai'
import { caller, callStatus } from './support/caller.ts'
import { makeWay, managementApi, picoCost, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `budgets-${randomBytes(3).toString('hex')}`
/** With `PRICE` a little more than a cent each. */
const OUTPUT_TOKENS = 1_000
let vendor: Vendor
let way: Way
let limited: Way

test.beforeAll(async () => {
  vendor = await startVendor()
  // Every answer is as long as its cap: what is held is what is spent.
  await vendor.behave({ fillCap: true })
  way = await makeWay(api, name, vendor.baseUrl)
  limited = await makeWay(api, `${name}-limited`, vendor.baseUrl)
})
test.afterAll(() => vendor?.stop())

test('a budget runs out on the page while a client spends it, and an override lets it through again', async ({
  page,
}) => {
  await signIn(page, product.email, product.password)
  await page.goto('/budgets')
  await page.getByRole('button', { name: 'Create budget' }).first().click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name').fill(`${name} budget`)
  await form.getByLabel('Counts').selectOption({ label: 'By team' })
  await form.getByRole('button', { name: 'One team' }).click()
  await choose(page, 'Team', way.teamName)
  await form.getByLabel('Amount, USD').fill('0.03')
  await form.getByLabel('Period').selectOption({ label: 'In all' })
  await form.getByRole('button', { name: 'Create budget' }).click()

  const head = page.getByRole('heading', { name: /is spent/ })
  await expect(page.getByRole('heading', { level: 1, name: `${name} budget` })).toBeVisible()
  await expect(head).toHaveText('$0.00 of $0.03 is spent')
  await allGatewaysHaveIt()
  await page.evaluate(() => Object.assign(window, { neverReloaded: true }))

  for (const spent of ['$0.01', '$0.02']) {
    await call()
    await expect(head).toHaveText(`${spent} of $0.03 is spent`)
    await expect(page.getByTitle(exact(await invoiced()), { exact: true }).first()).toBeVisible()
  }
  // Two thirds are spent: of the shares that a new budget alerts at, one is reached.
  const alerts = page.locator('section', { has: page.getByRole('heading', { name: 'Alerts', exact: true }) })
  await expect(alerts.getByRole('listitem')).toHaveCount(1)
  await expect(alerts.getByRole('listitem')).toContainText('50 %')
  await page.getByRole('button', { name: /^Alerts: / }).click()
  const bell = page.getByRole('dialog', { name: 'Alerts of budgets' })
  await expect(bell.getByRole('listitem').filter({ hasText: `${name} budget` })).toHaveCount(1)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'Alerts', exact: true })).toBeVisible()

  const refusal = await refused()
  expect([refusal.status, refusal.code]).toEqual([402, 'budget_exceeded'])
  const shown = await page.getByRole('region', { name: '402 Payment Required' }).textContent()
  expect(JSON.parse(shown ?? '')).toEqual({ error: refusal.error })

  await page.getByRole('button', { name: 'Override', exact: true }).click()
  const override = page.getByRole('dialog')
  await override.getByLabel('Amount, USD').fill('1')
  await override.getByLabel('Reason').fill('a launch')
  await override.getByRole('button', { name: 'Override budget' }).click()
  await expect(page.getByText('$1.00 applies for now')).toBeVisible()
  await allGatewaysHaveIt()
  await call()
  await expect(head).toHaveText('$0.03 of $1.00 is spent')

  await page.getByRole('button', { name: 'End override' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'End override' }).click()
  await expect(head).toHaveText('$0.03 of $0.03 is spent')
  await expect(page.getByText(/^over by /)).toBeVisible()
  await allGatewaysHaveIt()
  expect((await refused()).status).toBe(402)
  expect(await page.evaluate(() => 'neverReloaded' in window)).toBe(true)

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Budgets' }).click()
  const row = page.getByRole('row', { name: new RegExp(`${name} budget`) })
  await expect(row).toContainText(`team ${way.teamName}`)
  await expect(row).toContainText('$0.03 of $0.03')
  await expect(row).toContainText('over by ')
})

test('what a call in flight holds is on the page while it is in flight', async ({ page }) => {
  const slow = await makeWay(api, `${name}-slow`, vendor.baseUrl)
  const { id } = await makeBudget('held', { type: 'consumer', id: slow.consumerId }, { amountUsd: '5' })
  await signIn(page, product.email, product.password)
  await page.goto(`/budgets/${id}`)
  const held = page.locator('dl > div', { hasText: 'Held by calls in flight' }).locator('dd')
  await expect(held).toHaveText('$0.00')
  // A vendor that thinks for longer than anybody here waits.
  await vendor.behave({ delayMs: 60_000 })
  const leaving = new AbortController()
  const answer = caller(product, slow.secret)
    .chat.completions.create({ ...body(slow.route), stream: true }, { signal: leaving.signal })
    .catch((error: unknown) => error)
  await expect(held).toHaveText('$0.01')
  leaving.abort()
  await answer
  await vendor.behave({ fillCap: true })
  await expect(held).toHaveText('$0.00')
})

test('a budget that clamps shortens the answer of the SDK, and its page stays within the amount', async ({
  page,
}) => {
  const clamped = await makeWay(api, `${name}-clamped`, vendor.baseUrl)
  const { id } = await makeBudget('clamps', { type: 'key', id: clamped.keyId }, { onExhausted: 'clamp' })
  await signIn(page, product.email, product.password)
  await page.goto(`/budgets/${id}`)
  const answer = await caller(product, clamped.secret).chat.completions.create(body(clamped.route))
  expect(answer.usage?.completion_tokens).toBeLessThan(OUTPUT_TOKENS)
  expect(answer.usage?.completion_tokens).toBeGreaterThan(0)
  const cost = picoCost(answer.usage?.prompt_tokens ?? 0, answer.usage?.completion_tokens ?? 0)
  expect(cost).toBeLessThanOrEqual(SMALL)
  await expect(page.getByTitle(exact(cost), { exact: true }).first()).toBeVisible()
})

test('a budget that degrades sends the SDK to a cheaper target and says so', async ({ page }) => {
  const both = await makeWay(api, `${name}-both`, vendor.baseUrl)
  const route = `${name}-two-targets`
  await api.post('/prices', {
    providerId: both.providerId,
    model: 'gpt-cheap',
    inputUsdPerMillion: '0.1',
    outputUsdPerMillion: '0.1',
  })
  await api.post('/routes', {
    name: route,
    targets: ['gpt-fake', 'gpt-cheap'].map((model, priority) => ({
      providerId: both.providerId,
      model,
      priority,
    })),
  })
  const { id } = await makeBudget('degrades', { type: 'key', id: both.keyId }, { onExhausted: 'degrade' })
  await signIn(page, product.email, product.password)
  await page.goto(`/budgets/${id}`)
  const { data, response } = await caller(product, both.secret)
    .chat.completions.create(body(route))
    .withResponse()
  expect(response.headers.get('x-gatehouse-degraded')).toBe(
    'requested=gpt-fake; served=gpt-cheap; reason=budget',
  )
  expect(data.usage?.completion_tokens).toBe(OUTPUT_TOKENS)
  await page.getByLabel('Contributors by').selectOption({ label: 'Models' })
  await expect(page.getByRole('listitem').filter({ hasText: 'gpt-cheap' })).toBeVisible()
})

test('a limit made in the console refuses the call that is one too many', async ({ page }) => {
  await signIn(page, product.email, product.password)
  await page.goto('/limits')
  await page.getByRole('button', { name: 'Create limit' }).first().click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name').fill(`${name} limit`)
  await form.getByRole('button', { name: 'One key' }).click()
  await choose(page, 'Key', limited.keyName)
  await form.getByLabel('Measure').selectOption({ label: 'Requests' })
  await form.getByLabel('Amount').fill('1')
  await form.getByLabel('Window').selectOption({ label: '1 d' })
  await form.getByRole('button', { name: 'Create limit' }).click()
  const panel = page.getByRole('dialog', { name: `${name} limit` })
  await expect(panel).toContainText('1 request in 1 d')
  await allGatewaysHaveIt()
  expect(await callStatus(product, limited.secret, limited.route)).toBe(200)
  await expect(panel.getByTitle('1 of 1 counts now, 100 %')).toBeVisible()
  const client = caller(product, limited.secret)
  const answer = await client.chat.completions.create(body(limited.route)).catch((error: unknown) => error)
  expect(answer).toBeInstanceOf(APIError)
  expect(answer).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  await panel.getByRole('button', { name: 'Close' }).click()
  const row = page.getByRole('row', { name: new RegExp(`${name} limit`) })
  await expect(row).toContainText(`key ${limited.keyName}`)
  await expect(row).toContainText('1 request / 1 d')
})

test('what can have no effect is said where it was saved', async ({ page }) => {
  await signIn(page, product.email, product.password)
  await page.goto('/limits?create=true')
  const form = page.getByRole('dialog')
  await form.getByLabel('Name').fill(`${name} idle`)
  await form.getByLabel('Counts').selectOption({ label: 'By model' })
  await form.getByRole('button', { name: 'One model' }).click()
  await form.getByRole('textbox', { name: 'Model' }).fill('nobody-has-it')
  await form.getByLabel('Measure').selectOption({ label: 'Calls at once' })
  await expect(form.getByLabel('Window')).toBeHidden()
  await form.getByLabel('Amount').fill('8')
  await form.getByRole('button', { name: 'Create limit' }).click()
  const panel = page.getByRole('dialog', { name: `${name} idle` })
  await expect(
    panel.getByRole('status').filter({ hasText: 'No route that is switched on has the model nobody-has-it' }),
  ).toBeVisible()
})

test('two people at one budget keep what each of them changed', async ({ page }) => {
  const { id } = await api.post<{ id: string }>('/budgets', {
    name: `${name} shared`,
    scope: { type: 'team', id: way.teamId },
    amountUsd: '10',
    period: 'total',
    enforcement: 'soft',
  })
  await signIn(page, product.email, product.password)
  await page.goto(`/budgets/${id}`)
  await page.getByRole('button', { name: 'Edit' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name').fill(`${name} renamed`)
  expect((await api.request('PATCH', `/budgets/${id}`, { amountUsd: '25' })).status).toBe(200)
  await form.getByRole('button', { name: 'Save budget' }).click()
  const conflict = form.getByRole('alert')
  await expect(conflict.getByRole('row')).toHaveCount(3)
  await expect(conflict.getByRole('row', { name: /amountUsd/ })).toContainText('25')
  await conflict.getByRole('button', { name: 'Save the chosen' }).click()
  await expect(form).toBeHidden()
  await expect(page.getByRole('heading', { name: /of \$25\.00 is spent/ })).toBeVisible()
  await expect(page.getByRole('heading', { name: `${name} renamed`, exact: true })).toBeVisible()
})

/** Less than a call with `OUTPUT_TOKENS` may cost; pico-dollars. */
const SMALL = 6_000_000_000n

async function makeBudget(what: string, scope: { type: string; id: string }, more: Record<string, unknown>) {
  const made = await api.post<{ id: string }>('/budgets', {
    name: `${name} ${what}`,
    scope,
    amountUsd: '0.006',
    period: 'total',
    ...more,
  })
  await allGatewaysHaveIt()
  return made
}

/** One of a combobox, found by its name. */
async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByPlaceholder('Search', { exact: true }).fill(option)
  await page.getByRole('option', { name: option }).click()
}

function body(model: string) {
  return { model, max_tokens: OUTPUT_TOKENS, messages: [{ role: 'user' as const, content: 'Hello' }] }
}

async function call(): Promise<void> {
  await caller(product, way.secret).chat.completions.create(body(way.route))
}

async function refused(): Promise<APIError> {
  const answer = await caller(product, way.secret)
    .chat.completions.create(body(way.route))
    .catch((error: unknown) => error)
  if (answer instanceof APIError) return answer
  throw new Error('the call was let through')
}

/** What the vendor itself would ask for so far, in pico-dollars. */
async function invoiced(): Promise<bigint> {
  return (await vendor.served()).reduce(
    (sum, { promptTokens, completionTokens }) => sum + picoCost(promptTokens, completionTokens),
    0n,
  )
}

/** Nothing rounded: `$0.010055`. */
function exact(picoUsd: bigint): string {
  const digits = picoUsd.toString().padStart(13, '0')
  return `$${digits.slice(0, -12)}.${digits.slice(-12).replace(/0+$/, '').padEnd(2, '0')}`
}

async function allGatewaysHaveIt(): Promise<void> {
  await expect
    .poll(async () => {
      const status = await api.get<{ applied: number; gateways: number }>('/config/status')
      return status.gateways > 0 && status.applied === status.gateways
    })
    .toBe(true)
}
