import { randomBytes } from 'node:crypto'
import { expect, type Page, test } from '@playwright/test'
import { caller, streamedCall } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `roles-${randomBytes(3).toString('hex')}`
const PASSWORD = 'a long enough password'
const PLATFORM = ['Providers', 'Users', 'Gateways', 'Revisions', 'Audit log']
const EVERYBODY = [
  'Overview',
  'Calls',
  'Playground',
  'Routes',
  'Teams',
  'Consumers',
  'Keys',
  'Access tokens',
  'Budgets',
  'Limits',
  'Prices',
  'Settings',
  'API reference',
]
let vendor: Vendor
let ours: Way
let theirs: Way

test.beforeAll(async () => {
  vendor = await startVendor()
  ours = await makeWay(api, `${name}-ours`, vendor.baseUrl)
  theirs = await makeWay(api, `${name}-theirs`, vendor.baseUrl)
  const people = [
    { role: null, who: 'developer', teams: [{ teamId: ours.teamId, role: 'developer' }] },
    { role: 'finance', who: 'finance', teams: [] },
    { role: 'viewer', who: 'viewer', teams: [] },
  ]
  const ids = new Map<string, string>()
  for (const { who, role, teams } of people) {
    const user = { name: `${name} ${who}`, email: emailOf(who), password: PASSWORD, role, teams }
    ids.set(who, (await api.post<{ id: string }>('/users', user)).id)
  }
  const own = await api.post<{ secret: string }>('/keys', {
    name: `${name} own key`,
    consumerId: ours.consumerId,
    userId: ids.get('developer'),
  })
  for (const way of [{ ...ours, secret: own.secret }, ours, theirs])
    await streamedCall(caller(product, way.secret), way.route)
  const scope = { type: 'team', id: ours.teamId }
  await api.post('/budgets', { name: `${name} budget`, scope, amountUsd: '1000', period: 'month' })
  await api.post('/limits', { name: `${name} limit`, scope, metric: 'concurrency', limit: 1_000 })
  // Booked, so that both are there to be seen or not.
  await expect
    .poll(async () => (await api.get<{ data: unknown[] }>(`/calls?teamId=${theirs.teamId}`)).data.length)
    .toBe(1)
})
test.afterAll(() => vendor?.stop())

test('a developer sees the own team and own calls, makes keys, and finds nothing of the platform', async ({
  page,
}) => {
  await signIn(page, emailOf('developer'), PASSWORD)
  await expectNavigation(page, EVERYBODY)
  for (const where of PLATFORM) {
    await page.goto(`/${where.toLowerCase().replaceAll(' ', '-')}`)
    await expect(page.getByRole('heading', { name: /^You can't see/ })).toBeVisible()
    await expect(page.getByRole('table')).toBeHidden()
  }
  await page.goto('/teams')
  await expect(page.getByRole('row', { name: ours.teamName })).toBeVisible()
  await expect(page.getByRole('row', { name: theirs.teamName })).toBeHidden()
  await expect(page.getByRole('button', { name: 'Create team' })).toBeHidden()
  await page.goto('/calls')
  // Of the three, that with the own key alone.
  await expect(page.getByRole('main').getByRole('row', { name: new RegExp(name) })).toHaveCount(1)
  await expect(page.getByRole('row', { name: new RegExp(ours.route) })).toHaveCount(1)
  await page.goto('/keys')
  await expect(page.getByRole('button', { name: 'Create key' }).first()).toBeVisible()
  expect(await statusOf(page, `/keys/${theirs.keyId}`)).toBe(404)
  expect(await statusOf(page, `/teams/${theirs.teamId}`)).toBe(404)
  expect(await statusOf(page, '/audit-log')).toBe(403)
})

test('finance reads everything, keeps prices and budgets, and changes nothing else', async ({ page }) => {
  await signIn(page, emailOf('finance'), PASSWORD)
  await expectNavigation(page, [...EVERYBODY, ...PLATFORM])
  await page.goto('/prices')
  await expect(page.getByRole('button', { name: 'Set a price' }).first()).toBeVisible()
  await page.goto('/budgets')
  await expect(page.getByRole('button', { name: 'Create budget' })).toBeVisible()
  await page.getByRole('link', { name: `${name} budget` }).click()
  await expect(page.getByRole('button', { name: 'Override' })).toBeVisible()
  await expectNothingToMake(page)
})

test('a viewer reads and finds no button that changes anything', async ({ page }) => {
  await signIn(page, emailOf('viewer'), PASSWORD)
  await expectNavigation(page, [...EVERYBODY, ...PLATFORM])
  await page.goto('/prices')
  await expect(page.getByRole('main').getByText('gpt-fake').first()).toBeVisible()
  await expect(page.getByRole('button', { name: 'Set a price' })).toBeHidden()
  await page.goto('/budgets')
  await page.getByRole('link', { name: `${name} budget` }).click()
  await expect(page.getByRole('heading', { name: 'How it works' })).toBeVisible()
  await expect(page.getByRole('button', { name: /Override|Edit|Delete/ })).toHaveCount(0)
  await expectNothingToMake(page)
})

test('a session is over everywhere as soon as its owner has signed out', async ({ page, browser }) => {
  await signIn(page, emailOf('viewer'), PASSWORD)
  const cookies = await page.context().cookies()
  const thief = await browser.newContext({ baseURL: product.adminUrl })
  await thief.addCookies(cookies)
  expect((await thief.request.get('/api/v1/me')).status()).toBe(200)

  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  expect((await thief.request.get('/api/v1/me')).status()).toBe(401)
  const stolen = await thief.newPage()
  await stolen.goto('/calls')
  await expect(stolen.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await thief.close()
})

test('guesses at a password are slowed, and told how long', async ({ page }) => {
  await page.goto('/sign-in')
  const alert = page.getByRole('main').getByRole('alert')
  const guess = async (number: number) => {
    await page.getByLabel('Email').fill(emailOf('nobody'))
    await page.getByLabel('Password').fill(`guess ${number}`)
    const answered = page.waitForResponse((response) => response.url().includes('/callback/credentials'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await answered
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeEnabled()
    return (await alert.textContent()) ?? ''
  }
  expect(await guess(0)).toContain('Email or password is not right.')
  let answer = ''
  for (let number = 1; number < 10 && !answer.includes('Too many'); number++) answer = await guess(number)
  expect(answer).toMatch(/Too many failed attempts\. Try again in \d+ (second|minute)s?\./)
})

function emailOf(who: string): string {
  return `${name}-${who}@example.com`
}

async function expectNavigation(page: Page, entries: string[]): Promise<void> {
  const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link')
  // What everybody sees comes first, before it is known who this is.
  await expect(links).toHaveCount(entries.length)
  expect((await links.allTextContents()).sort()).toEqual([...entries].sort())
}

async function expectNothingToMake(page: Page): Promise<void> {
  for (const where of ['routes', 'providers', 'teams', 'consumers', 'keys', 'users', 'limits']) {
    await page.goto(`/${where}`)
    await expect(page.getByRole('main').getByRole('table')).toBeVisible()
    await expect(page.getByRole('main').getByRole('button', { name: /^(Create|Add) / })).toHaveCount(0)
    await expect(page.getByRole('main').getByRole('link', { name: /^(Create|Add) / })).toHaveCount(0)
  }
  // Nor by an address that somebody else's form has.
  for (const where of ['teams', 'consumers', 'keys', 'users', 'limits']) {
    await page.goto(`/${where}?create=true`)
    await expect(page.getByRole('main').getByRole('table').or(page.getByRole('dialog'))).toBeVisible()
    await expect(page.getByRole('dialog')).toHaveCount(0)
  }
}

/** What the API answers to this very session. */
async function statusOf(page: Page, where: string): Promise<number> {
  return (await page.request.get(`/api/v1${where}`)).status()
}
