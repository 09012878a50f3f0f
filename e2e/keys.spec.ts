import { randomBytes } from 'node:crypto'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { callStatus } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `keys-${randomBytes(3).toString('hex')}`
let vendor: Vendor
let way: Way

test.beforeAll(async () => {
  vendor = await startVendor()
  way = await makeWay(api, name, vendor.baseUrl)
})
test.afterAll(() => vendor?.stop())
test.beforeEach(({ page }) => signIn(page, product.email, product.password))

const status = (secret: string) => callStatus(product, secret, way.route)

interface Key {
  readonly id: string
  readonly secret: string
}
const makeKey = (keyName: string) =>
  api.post<Key>('/keys', { name: `${name} ${keyName}`, consumerId: way.consumerId })

test('a rotated key works beside its old secret for the grace, and without grace at once alone', async ({
  page,
}) => {
  const first = await makeKey('rotated')
  await page.goto('/keys')
  const second = await rotate(page, `${name} rotated`, '24 hours')
  expect(second).not.toBe(first.secret)
  expect(await status(first.secret)).toBe(200)
  expect(await status(second)).toBe(200)

  const third = await rotate(page, `${name} rotated`, 'At once')
  expect(await status(second)).toBe(401)
  expect(await status(first.secret), 'the one before the last goes with the rotation').toBe(401)
  expect(await status(third)).toBe(200)
})

test('a key revoked by a click is refused by the very next call', async ({ page }) => {
  const key = await makeKey('revoked')
  expect(await status(key.secret)).toBe(200)
  await page.goto('/keys')
  await openActions(page, `${name} revoked`)
  await page.getByRole('menuitem', { name: 'Revoke' }).click()
  const dialog = page.getByRole('alertdialog', { name: `Revoke ${name} revoked?` })
  const answered = page.waitForResponse((response) => response.url().endsWith(`/keys/${key.id}/revoke`))
  await dialog.getByRole('button', { name: 'Revoke key' }).click()
  expect((await answered).headers()['x-gatehouse-applied']).toBe('1/1')
  expect(await status(key.secret)).toBe(401)
  await expect(page.getByRole('row', { name: `${name} revoked` })).toContainText('Revoked')
})

test('a key revoked by the API is refused by the very next call, twenty times over', async () => {
  for (let round = 0; round < 20; round++) {
    const key = await makeKey(`round ${round}`)
    expect(await status(key.secret)).toBe(200)
    const answer = await api.request('POST', `/keys/${key.id}/revoke`)
    expect(answer.headers.get('x-gatehouse-applied')).toBe('1/1')
    expect(await status(key.secret)).toBe(401)
  }
})

test('a key is made by the keyboard alone', async ({ page }) => {
  await page.goto('/keys')
  const main = page.getByRole('main')
  await tabTo(page, main.getByRole('button', { name: 'Create key' }))
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Create key' })
  await expect(dialog.getByLabel('Name')).toBeFocused()
  await page.keyboard.type(`${name} typed`)
  await tabTo(page, dialog.getByRole('combobox', { name: 'Consumer' }))
  await page.keyboard.press('Enter')
  await page.keyboard.type(way.consumerName)
  await expect(page.getByRole('option', { name: way.consumerName })).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('combobox', { name: 'Consumer' })).toHaveText(way.consumerName)
  await tabTo(page, dialog.getByRole('button', { name: 'Create key' }))
  await page.keyboard.press('Enter')

  const shown = page.getByRole('dialog', { name: `Key ${name} typed is ready` })
  const secret = await secretIn(shown)
  await tabTo(page, shown.getByRole('checkbox', { name: 'I stored it' }))
  await page.keyboard.press('Space')
  await tabTo(page, shown.getByRole('button', { name: 'Done' }))
  await page.keyboard.press('Enter')
  await expect(shown).toBeHidden()
  expect(await status(secret)).toBe(200)
})

/** Returns the new secret. */
async function rotate(page: Page, keyName: string, grace: string): Promise<string> {
  await openActions(page, keyName)
  await page.getByRole('menuitem', { name: 'Rotate' }).click()
  const dialog = page.getByRole('dialog', { name: `Rotate ${keyName}` })
  await dialog.getByRole('radio', { name: grace }).click()
  await dialog.getByRole('button', { name: 'Rotate key' }).click()
  const shown = page.getByRole('dialog', { name: `The new secret of ${keyName}` })
  const secret = await secretIn(shown)
  await shown.getByLabel('I stored it').click()
  await shown.getByRole('button', { name: 'Done' }).click()
  await expect(shown).toBeHidden()
  return secret
}

async function openActions(page: Page, keyName: string): Promise<void> {
  await page.getByRole('row', { name: keyName }).hover()
  await page.getByRole('button', { name: `Actions for ${keyName}` }).click()
}

async function secretIn(dialog: Locator): Promise<string> {
  return (
    (await dialog
      .getByText(/^gh_\S+$/)
      .first()
      .textContent()) ?? ''
  )
}

/** Presses Tab until it has the focus, as somebody without a mouse gets there. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible()
  for (let presses = 0; presses < 60; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error('60 times Tab did not lead there')
}
