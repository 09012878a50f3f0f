import { randomBytes } from 'node:crypto'
import AxeBuilder from '@axe-core/playwright'
import { type BrowserContext, expect, type Page, test } from '@playwright/test'
import { caller, streamedCall } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor } from './support/vendor.ts'

interface Made extends Way {
  readonly callId: string
  readonly revision: number
  readonly budgetId: string
  readonly limitId: string
  readonly priceId: string
}

/** Every page, and what opens over one; a nav entry that is not here fails a test of its own. */
const SCREENS: Record<string, (made: Made) => string> = {
  overview: () => '/',
  calls: () => '/calls',
  'a receipt beside the calls': ({ callId }) => `/calls?call=${callId}`,
  'a receipt on a page of its own': ({ callId }) => `/calls/${callId}`,
  playground: () => '/playground',
  'several routes in the playground': ({ route }) => `/playground?routes=${route},another`,
  routes: () => '/routes',
  'a new route': () => '/routes/new',
  'one route': ({ routeId }) => `/routes/${routeId}`,
  'the history of a route': ({ routeId }) => `/routes/${routeId}?tab=history`,
  providers: () => '/providers',
  'a new provider': () => '/providers/new',
  'one provider': ({ providerId }) => `/providers/${providerId}`,
  'the form of a provider': ({ providerId }) => `/providers/${providerId}?tab=configure`,
  teams: () => '/teams',
  'a new team': () => '/teams?create=true',
  'one team': ({ teamId }) => `/teams/${teamId}`,
  consumers: () => '/consumers',
  'a new consumer': () => '/consumers?create=true',
  'one consumer': ({ consumerId }) => `/consumers?consumer=${consumerId}`,
  keys: () => '/keys',
  'a new key': () => '/keys?create=true',
  'one key': ({ keyId }) => `/keys?key=${keyId}`,
  users: () => '/users',
  'a new user': () => '/users?create=true',
  'access tokens': () => '/access-tokens',
  'a new access token': () => '/access-tokens?create=true',
  budgets: () => '/budgets',
  'a new budget': () => '/budgets?create=true',
  'budget alerts': () => '/budgets/alerts',
  'one budget': ({ budgetId }) => `/budgets/${budgetId}`,
  limits: () => '/limits',
  'a new limit': () => '/limits?create=true',
  'one limit': ({ limitId }) => `/limits?limit=${limitId}`,
  prices: () => '/prices',
  'a new price': () => '/prices?create=true',
  'one price, with tiers': ({ priceId }) => `/prices?price=${priceId}`,
  'past calls, to be priced again': ({ priceId }) => `/prices?reprice=${priceId}`,
  'the price catalogue': () => '/prices?tab=catalogue',
  'unpriced models': () => '/prices?tab=unpriced',
  gateways: () => '/gateways',
  revisions: () => '/revisions',
  'one revision': ({ revision }) => `/revisions/${revision}`,
  'audit log': () => '/audit-log',
  'API reference': () => '/docs/api',
  'one part of the API reference': () => '/docs/api/api-keys',
  errors: () => '/docs/errors',
  settings: () => '/settings',
  'first steps': () => '/setup',
}
/** What opens by a click or two, by the names of what is clicked. */
const OPENED: Record<string, [path: (made: Made) => string, ...clicks: string[]]> = {
  'another override of a budget': [({ budgetId }) => `/budgets/${budgetId}`, 'Change override'],
  'a budget to be changed': [({ budgetId }) => `/budgets/${budgetId}`, 'Edit'],
  'a budget to be deleted': [({ budgetId }) => `/budgets/${budgetId}`, 'Delete budget'],
  'a limit to be changed': [({ limitId }) => `/limits?limit=${limitId}`, 'Edit'],
  'a limit to be deleted': [({ limitId }) => `/limits?limit=${limitId}`, 'Delete limit'],
  'a new price with tiers': [() => '/prices?create=true', 'Add tier', 'Add service tier'],
  'a limit of a vendor': [() => '/providers/new', 'Add limit'],
  'a provider to be deleted': [({ providerId }) => `/providers/${providerId}`, 'Delete provider'],
  'a consumer to be changed': [({ consumerId }) => `/consumers?consumer=${consumerId}`, 'Edit'],
  'a key to be replaced': [({ keyId }) => `/keys?key=${keyId}`, 'Rotate'],
  'a key to be revoked': [({ keyId }) => `/keys?key=${keyId}`, 'Revoke'],
}
const WIDE = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }

const product = sharedProduct()
let made: Made
let context: BrowserContext
let page: Page
let complaints: string[] = []

test.beforeAll(async ({ browser }) => {
  const vendor = await startVendor()
  const api = managementApi(product)
  const way = await makeWay(api, `access-${randomBytes(3).toString('hex')}`, vendor.baseUrl)
  // With keys of which one is refused, and a check of its server.
  await vendor.behave({}, { 'sk-refused-key-2222': { status: 401 } })
  await api.request('PATCH', `/providers/${way.providerId}`, {
    credentials: { apiKey: ['sk-taken-key-1111', 'sk-refused-key-2222'] },
    options: { healthCheck: { intervalSeconds: 300 } },
  })
  const each = { type: 'team', each: true }
  // The one with all that a page can show: an override, somebody to count, and a warning beside the other.
  const budget = await api.post<{ id: string }>('/budgets', {
    name: `${way.teamName}s, monthly`,
    scope: each,
    amountUsd: '500',
    period: 'month',
  })
  const until = new Date(Date.now() + 86_400_000).toISOString()
  await api.post(`/budgets/${budget.id}/override`, { amountUsd: '600', until, reason: 'a launch' })
  const limit = await api.post<{ id: string }>('/limits', {
    name: `${way.teamName}, tokens a minute`,
    scope: { type: 'model', id: 'no-such-model' },
    metric: 'tokens',
    limit: 200_000,
    windowSeconds: 60,
  })
  // The keys take turns.
  await streamedCall(caller(product, way.secret), way.route)
  const { requestId } = await streamedCall(caller(product, way.secret), way.route)
  await vendor.stop()
  await expect
    .poll(async () => (await api.request('GET', `/calls/${requestId}`)).status, { intervals: [50] })
    .toBe(200)
  // Another price than the call was booked at, and all that the form of one can show.
  const { data: prices } = await api.get<{ data: { id: string; providerId: string | null }[] }>(
    '/prices?q=gpt-fake&limit=200',
  )
  const price = prices.find(({ providerId }) => providerId === way.providerId)
  if (!price) throw new Error('the way has no price')
  await api.request('PATCH', `/prices/${price.id}`, {
    outputUsdPerMillion: '20',
    tiers: [{ aboveInputTokens: 200_000, inputUsdPerMillion: '5', outputUsdPerMillion: '40' }],
    serviceTiers: { flex: '0.5', priority: { inputUsdPerMillion: '5', outputUsdPerMillion: '40' } },
  })
  const { revision } = await api.get<{ revision: number }>('/config/status')
  made = { ...way, callId: requestId, revision, budgetId: budget.id, limitId: limit.id, priceId: price.id }

  context = await browser.newContext({
    baseURL: product.adminUrl,
    viewport: WIDE,
    // What fades in has no contrast yet.
    reducedMotion: 'reduce',
  })
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await signIn(page, product.email, product.password)
})
test.afterAll(async () => {
  await context?.close()
  // It would count the calls of the specs that follow.
  if (made) await managementApi(product).request('DELETE', `/budgets/${made.budgetId}`)
})

test('the list below knows every entry of the navigation', async () => {
  const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link')
  await expect(links).not.toHaveCount(0)
  await expect(links.filter({ hasText: 'Audit log' })).toBeVisible()
  const known = new Set(Object.values(SCREENS).map((path) => path(made)))
  const entries = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''))
  expect(entries.filter((href) => !known.has(href))).toEqual([])
})

for (const [name, path] of Object.entries(SCREENS)) {
  test(`${name}: usable by everybody in both themes, quiet, and as narrow as a phone`, async () => {
    await check(page, path(made))
  })
}

for (const [name, [path, ...clicks]] of Object.entries(OPENED)) {
  test(`${name}: usable by everybody in both themes, quiet, and as narrow as a phone`, async () => {
    await check(page, path(made), clicks)
  })
}

test('sign-in: usable by everybody in both themes, quiet, and as narrow as a phone', async () => {
  await context.clearCookies()
  await check(page, '/sign-in')
  await check(page, '/sign-in?reason=signed-out&returnTo=%2Fkeys')
})

async function check(page: Page, path: string, clicks: readonly string[] = []): Promise<void> {
  complaints = []
  await page.setViewportSize(WIDE)
  // From its first paint in the dark, which the server can't know: a hydration that differs by theme would complain.
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    if (colorScheme === 'dark') {
      await page.goto(path)
      for (const click of clicks) await page.getByRole('button', { name: click, exact: true }).click()
    }
    await expect(page.locator('html')).toHaveCSS('color-scheme', colorScheme)
    await settled(page)
    // The theme changes colours alone. Legacy mode runs in the page itself, where there are no frames to look into.
    const axe = new AxeBuilder({ page }).setLegacyMode(true)
    if (colorScheme === 'light') axe.withRules(['color-contrast', 'link-in-text-block'])
    const { violations } = await axe.analyze()
    const grave = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
    expect(grave, `axe in the ${colorScheme} theme`).toEqual([])
  }
  await page.setViewportSize(PHONE)
  await settled(page)
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  expect(width, 'width of the page on a phone').toBeLessThanOrEqual(PHONE.width)
  expect(complaints, 'errors and warnings on the console').toEqual([])
}

/** What loads has come, and nothing moves any more. */
async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('heading').first()).toBeAttached()
  await expect(page.getByLabel(/^Loading/)).toHaveCount(0)
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map((animation) => animation.finished.catch(() => null)),
    ),
  )
}
