import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { type BrowserContext, expect, type Locator, type Page, test } from '@playwright/test'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { inheritedEnvironment, ROOT, sharedProduct } from './support/product.ts'
import { pythonWithOpenAi } from './support/python.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const VENDOR_WORDS = 'Hello there, this is the fake vendor speaking in tokens.'
const PASSWORD = 'a long enough password'
const TOOLS = '[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]'
const product = sharedProduct()
const api = managementApi(product)
const name = `play-${randomBytes(3).toString('hex')}`
const fallback = `${name}-fallback`
const sandbox = `${name}-sandbox`

let vendor: Vendor
let way: Way
let context: BrowserContext
let page: Page

test.beforeAll(async ({ browser }) => {
  vendor = await startVendor()
  way = await makeWay(api, name, vendor.baseUrl)
  const { id } = await api.post<{ id: string }>('/providers', { name: `${name} sandbox`, kind: 'sandbox' })
  await api.post('/routes', {
    name: fallback,
    strategy: 'priority',
    targets: [
      { providerId: id, model: 'sandbox-error-500', priority: 0 },
      { providerId: way.providerId, model: 'gpt-fake', priority: 1 },
    ],
    degradation: { notify: 'message', message: null },
  })
  await api.post('/routes', { name: sandbox, targets: [{ providerId: id, model: 'any' }] })
  context = await browser.newContext({ baseURL: product.adminUrl })
  page = await context.newPage()
  await signIn(page, product.email, product.password)
})
test.afterAll(async () => {
  await context?.close()
  await vendor?.stop()
})
test.beforeEach(() => vendor.behave({}))

async function open(routes: readonly string[], secret = way.secret): Promise<void> {
  await page.goto(`/playground?routes=${routes.join(',')}`)
  await page.getByRole('textbox', { name: 'API key' }).fill(secret)
  await page.getByRole('button', { name: 'Use key' }).click()
}

/** Says something, by keyboard alone. */
async function say(words: string): Promise<void> {
  await page.getByRole('textbox', { name: 'User' }).last().fill(words)
  await page.keyboard.press('Control+Enter')
}

const paneOf = (route: string) => page.getByRole('region', { name: `Answer of ${route}` })

async function receiptOf(pane: Locator): Promise<Locator> {
  await pane.getByRole('button', { name: 'Receipt' }).click()
  return page.getByRole('dialog', { name: 'Receipt' })
}

test('an answer that a fallback gave streams in, says so in words, and has its receipt', async () => {
  await open([fallback])
  await say('Hello')
  const pane = paneOf(fallback)
  await expect(pane.getByTestId('answer')).toHaveText(
    `(Answered by gpt-fake instead of sandbox-error-500.) ${VENDOR_WORDS}`,
  )
  await expect(pane).toContainText('A fallback answered')
  await expect(pane).toContainText('Asked for sandbox-error-500, answered by gpt-fake because it failed.')
  await expect(pane).toContainText(`gpt-fake at ${way.providerName}, after 2 attempts`)
  for (const fact of ['First token', 'Whole call', 'Tokens in / out'])
    await expect(pane.getByText(fact, { exact: true })).toBeVisible()
  const cost = (await pane.locator('dt:text-is("Cost") + dd').textContent()) ?? ''
  expect(cost).toMatch(/^\$0\.000/)
  const receipt = await receiptOf(pane)
  await expect(receipt).toContainText('2 attempts')
  await expect(receipt).toContainText(cost)
  await expect(receipt).toContainText(way.keyName)
})

test('before it is sent, it says who would answer and for how much, and asks no vendor', async () => {
  const before = (await vendor.served()).length
  await open([way.route])
  await page.getByRole('textbox', { name: 'User' }).fill('Hello')
  await expect(paneOf(way.route)).toContainText(
    new RegExp(`gpt-fake at ${way.providerName} would answer for at most about \\$0\\.`),
  )
  expect((await vendor.served()).length).toBe(before)
})

test('three routes answer one prompt side by side, and one may be taken away', async () => {
  await open([way.route, fallback, sandbox])
  await say('Hello')
  for (const route of [way.route, fallback, sandbox])
    await expect(paneOf(route).getByTestId('answer')).not.toBeEmpty()
  await expect(paneOf(sandbox).getByText('simulated', { exact: true })).toBeVisible()
  for (const real of [way.route, fallback])
    await expect(paneOf(real).getByText('simulated', { exact: true })).toHaveCount(0)
  await page.getByRole('button', { name: `Remove ${fallback}` }).click()
  await expect(paneOf(fallback)).toHaveCount(0)
  await expect(page).toHaveURL(new RegExp(`routes=${way.route},${sandbox}`))
})

test('Esc hangs up: what came stays in sight, and the receipt says that the caller left', async () => {
  const tokens = Array.from({ length: 600 }, (_, at) => `word${at} `)
  await vendor.behave({ tokens, eventDelayMs: 100 })
  await open([way.route])
  await say('Hello')
  const pane = paneOf(way.route)
  await expect(pane.getByTestId('answer')).toContainText('word3')
  await page.keyboard.press('Escape')
  await expect(pane).toContainText('Stopped. What had come until then is booked.')
  await expect.poll(async () => (await vendor.served()).at(-1)?.outcome).toBe('aborted')
  await expect(await receiptOf(pane)).toContainText('499')
})

test('a tool that the model calls is shown, and goes on with its result', async () => {
  await vendor.behave({ toolCall: { name: 'weather', arguments: '{"city":"Oslo"}' } })
  await open([way.route])
  await page.getByText('Tools', { exact: false }).first().click()
  await page.getByRole('textbox', { name: 'Tools' }).fill('{')
  await say('How is the weather in Oslo?')
  await expect(page.getByText(/^not JSON/)).toBeVisible()
  await page.getByRole('textbox', { name: 'Tools' }).fill(TOOLS)
  await page.keyboard.press('Control+Enter')
  const pane = paneOf(way.route)
  const calls = pane.getByRole('list', { name: 'Tool calls' })
  await expect(calls).toContainText('weather')
  await expect(calls).toContainText('"city": "Oslo"')
  await vendor.behave({})
  await pane.getByRole('button', { name: 'Continue from here' }).click()
  await page.getByRole('textbox', { name: /^Tool result/ }).fill('4 °C')
  await page.keyboard.press('Control+Enter')
  await expect(pane.getByTestId('answer')).toHaveText(VENDOR_WORDS)
})

test('the request as code, run as it stands with the key in the environment, gets the answer', async () => {
  // The first time, a Python that has the SDK is made.
  test.setTimeout(330_000)
  await open([way.route])
  await page.getByRole('textbox', { name: 'User' }).fill(`It's "$HOME" and \`ls\`\nJSON`)
  const pane = paneOf(way.route)
  await pane.getByText('The request as code').click()
  const shown = async (language: string) => {
    await pane.getByRole('button', { name: language, exact: true }).click()
    return (await pane.getByRole('region', { name: language, exact: true }).textContent()) ?? ''
  }
  const run = (program: string, args: string[]) =>
    spawnSync(program, args, {
      cwd: ROOT,
      env: { ...inheritedEnvironment(), GATEHOUSE_KEY: way.secret },
      encoding: 'utf8',
      timeout: 30_000,
    }).stdout
  const curl = run('sh', ['-c', await shown('curl')])
  expect(curl).toContain('data: [DONE]')
  expect(run(process.execPath, ['--input-type=module', '-e', await shown('Node')])).toBe(VENDOR_WORDS)
  const python = pythonWithOpenAi()
  const code = await shown('Python')
  expect(code).not.toContain(way.secret)
  if ('program' in python) expect(run(python.program, ['-c', code])).toBe(VENDOR_WORDS)
  else console.log(`      the Python snippet was not run: ${python.missing}`)
})

test('nothing is kept but by asking for it, and the key never', async () => {
  const stored = () =>
    page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]),
    )
  await open([way.route])
  await say('Remember the milk')
  await expect(paneOf(way.route).getByTestId('answer')).toHaveText(VENDOR_WORDS)
  for (const text of ['milk', way.secret, VENDOR_WORDS]) expect(await stored()).not.toContain(text)
  const keep = page.getByRole('switch', { name: 'Keep in this browser' })
  await keep.click()
  expect(await stored()).toContain('milk')
  expect(await stored()).not.toContain(way.secret)
  await page.reload()
  await expect(page.getByRole('textbox', { name: 'User' })).toHaveValue('Remember the milk')
  await expect(page.getByRole('textbox', { name: 'API key' })).toHaveValue('')
  await keep.click()
  expect(await stored()).not.toContain('milk')
  await page.reload()
  await expect(page.getByRole('textbox', { name: 'User' })).toHaveValue('')
})

test('a refusal has the gateway’s words, its code, its request and what to do', async () => {
  await open([way.route], 'gh_wrong')
  await say('Hello')
  const alert = paneOf(way.route).getByRole('alert')
  await expect(alert).toContainText('401 invalid_api_key')
  await expect(alert).toContainText('The API key is missing or not valid.')
  await expect(alert).toContainText('Look at Keys whether it was revoked or has expired.')
  await expect(alert).toContainText(/Request [\da-f-]{36}/)

  const { secret } = await api.post<{ secret: string }>('/keys', {
    name: `${name} for the sandbox`,
    consumerId: way.consumerId,
    allowedRoutes: [sandbox],
  })
  await open([way.route, sandbox], secret)
  await say('Hello')
  await expect(paneOf(way.route).getByRole('alert')).toContainText('404 model_not_found')
  await expect(paneOf(sandbox).getByTestId('answer')).not.toBeEmpty()
})

test('a key is made for an hour, and revoked when it is forgotten', async () => {
  await page.goto(`/playground?routes=${way.route}`)
  await say('Hello')
  await expect(page.getByText('A key is needed to call the gateway')).toBeVisible()
  await page.getByRole('button', { name: 'Make a key for an hour' }).click()
  await page.getByRole('combobox', { name: 'Consumer' }).click()
  await page.getByRole('combobox', { name: 'Search the options' }).fill(way.consumerName)
  await page.getByRole('option', { name: new RegExp(`^${way.consumerName}`) }).click()
  await page.getByRole('button', { name: 'Make key' }).click()
  await expect(page.getByText(`of ${way.consumerName}, ends in`)).toBeVisible()
  await say('Hello')
  await expect(paneOf(way.route).getByTestId('answer')).toHaveText(VENDOR_WORDS)
  interface Made {
    name: string
    status: string
    expiresAt: string
    createdAt: string
  }
  const made = async () => {
    const { data } = await api.get<{ data: Made[] }>(`/keys?consumerId=${way.consumerId}&limit=100`)
    return data.filter((key) => key.name.startsWith('Playground of '))
  }
  const [key] = await made()
  const hours = (Date.parse(key?.expiresAt ?? '') - Date.parse(key?.createdAt ?? '')) / 3_600_000
  expect(Math.round(hours * 10) / 10).toBe(1)
  await page.getByRole('button', { name: 'Revoke and forget key' }).click()
  await expect(page.getByRole('textbox', { name: 'API key' })).toBeVisible()
  expect((await made()).map(({ status }) => status)).toEqual(['revoked'])
})

test('a viewer tries a route with a key that somebody gave them', async ({ browser }) => {
  const email = `${name}@example.com`
  await api.post('/users', { name, email, password: PASSWORD, role: 'viewer', teams: [] })
  const ours = page
  const theirs = await browser.newContext({ baseURL: product.adminUrl })
  try {
    page = await theirs.newPage()
    await signIn(page, email, PASSWORD)
    await page.getByRole('link', { name: 'Playground' }).click()
    await expect(page.getByRole('button', { name: 'Use key' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'Make a key for an hour' })).toHaveCount(0)
    await open([way.route])
    await say('Hello')
    await expect(paneOf(way.route).getByTestId('answer')).toHaveText(VENDOR_WORDS)
  } finally {
    page = ours
    await theirs.close()
  }
})

test('pages may call themselves and the gateway, and what is no page calls nobody', async ({ request }) => {
  const policyOf = async (path: string) =>
    (await request.get(`${product.adminUrl}${path}`)).headers()['content-security-policy']?.split('; ')
  expect(await policyOf('/sign-in')).toContain(`connect-src 'self' ${product.gatewayUrl}`)
  const elsewhere = await policyOf('/api/v1/openapi.json')
  expect(elsewhere).toContain("default-src 'self'")
  expect(elsewhere?.some((part) => part.startsWith('connect-src'))).toBe(false)
})
