import { randomBytes } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { managementApi } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'

const product = sharedProduct()
const api = managementApi(product)

interface SavedPrice {
  id: string
  serviceTiers: Record<string, unknown>
}

test('service tiers of a price are what the form says; one with prices of its own survives an edit', async ({
  page,
}) => {
  const model = `tiers-${randomBytes(3).toString('hex')}`
  const made = await api.post<SavedPrice>('/prices', {
    model,
    inputUsdPerMillion: '2',
    outputUsdPerMillion: '8',
    serviceTiers: { batch: { inputUsdPerMillion: '1', outputUsdPerMillion: '4' } },
  })
  await signIn(page, product.email, product.password)
  await page.goto(`/prices?q=${model}&price=${made.id}`)
  const dialog = page.getByRole('dialog', { name: `Price of ${model}` })
  await expect(dialog.getByText('Prices of its own: input $1.00, output $4.00')).toBeVisible()

  await dialog.getByRole('button', { name: 'Add service tier' }).click()
  await dialog.getByLabel('Times the price').fill('much')
  await expect(dialog.getByText('a number such as 0.5')).toBeVisible()
  await dialog.getByLabel('Times the price').fill('0.5')
  await dialog.getByRole('button', { name: 'Save price' }).click()
  await expect(page.getByText(`Saved the price of ${model}`)).toBeVisible()

  const saved = await api.get<SavedPrice>(`/prices/${made.id}`)
  expect(saved.serviceTiers).toMatchObject({
    flex: '0.5',
    batch: { inputUsdPerMillion: '1', outputUsdPerMillion: '4' },
  })
  await expect(page.getByText(/flex ×0\.5/)).toBeVisible()
})
