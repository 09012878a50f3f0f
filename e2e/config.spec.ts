import { randomBytes } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'

const product = sharedProduct()
const api = managementApi(product)
const name = `config-${randomBytes(3).toString('hex')}`
let way: Way

test.beforeAll(async () => {
  way = await makeWay(api, name, 'http://127.0.0.1:9/v1')
})

test('a change goes live on every gateway, shows its difference, can be taken back, and is in the audit log', async ({
  page,
}) => {
  await signIn(page, product.email, product.password)
  const { revision } = await api.get<{ revision: number }>('/config/status')
  const pill = (number: number) =>
    page.getByRole('link', { name: `revision ${number} · live on 1/1`, exact: true })

  await test.step('the pill says that it is live', async () => {
    await page.goto(`/routes/${way.routeId}`)
    await expect(pill(revision)).toBeVisible()
    await page.getByLabel('Further tries').fill('3')
    await expect(page.getByText('1 difference to what is live')).toBeVisible()
    await page.getByRole('button', { name: 'Save route' }).click()
    await expect(page.getByText(`Saved route ${way.route}`)).toBeVisible()
    await expect(page.getByText('Live on 1/1 gateway')).toBeVisible()
    await expect(pill(revision + 1)).toBeVisible()
  })

  await test.step('the revision shows what it changed, and who has it', async () => {
    await pill(revision + 1).click()
    const row = page.getByRole('row', { name: new RegExp(`^${revision + 1} `) })
    await expect(row).toContainText('1/1 applied')
    await row.getByRole('link').first().click()
    await expect(page.getByRole('heading', { name: `Revision ${revision + 1} newest` })).toBeVisible()
    const change = page.getByRole('main').getByRole('group').filter({ hasText: way.route })
    await expect(change).toContainText('retries.attempts')
    await expect(change).toContainText('was2')
    await expect(change).toContainText('is3')
    await expect(page.getByRole('listitem').filter({ hasText: /gw_/ })).toContainText('applied')
  })

  await test.step('going back is a new revision with the old content', async () => {
    await page.goto(`/revisions/${revision}`)
    await page.getByRole('button', { name: 'Roll back to this' }).click()
    const dialog = page.getByRole('alertdialog', { name: `Roll back to revision ${revision}` })
    await expect(dialog.getByRole('listitem').filter({ hasText: way.route })).toContainText('changed')
    await expect(dialog.getByRole('button', { name: 'Roll back' })).toBeDisabled()
    await dialog.getByLabel(/to confirm$/).fill(`revision ${revision}`)
    await dialog.getByRole('button', { name: 'Roll back' }).click()
    await expect(page.getByRole('heading', { name: `Revision ${revision + 2} newest` })).toBeVisible()
    await expect(pill(revision + 2)).toBeVisible()
    await page.goto(`/routes/${way.routeId}`)
    await expect(page.getByLabel('Further tries')).toHaveValue('2')
  })

  await test.step('the audit log names both, and what it was before', async () => {
    await page.goto('/audit-log')
    const saved = page
      .getByRole('row', { name: /Changed route/ })
      .filter({ has: page.getByRole('link', { name: String(revision + 1), exact: true }) })
    await expect(saved).toHaveCount(1)
    await expect(saved).toContainText(way.route)
    await expect(
      page
        .getByRole('row', { name: /Rolled back/ })
        .filter({ has: page.getByRole('link', { name: String(revision + 2), exact: true }) }),
    ).toHaveCount(1)
    await saved.getByRole('button').first().click()
    await expect(page.getByRole('dialog')).toContainText('retries')
  })
})
