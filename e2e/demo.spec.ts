import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@playwright/test'
import { managementApi } from './support/management-api.ts'
import { inheritedEnvironment, ROOT, sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'

const product = sharedProduct()
const api = managementApi(product)
const run = promisify(execFile)

interface List {
  readonly data: { readonly id: string; readonly name: string }[]
}
const names = async (collection: string) =>
  (await api.get<List>(`/${collection}?limit=200`)).data.map((row) => row.name).sort()

test('the demo fills every screen with an example company, and takes it away again', async ({ page }) => {
  test.setTimeout(90_000)
  const collections = ['teams', 'consumers', 'keys', 'providers', 'routes', 'limits']
  const before = Object.fromEntries(
    await Promise.all(collections.map(async (collection) => [collection, await names(collection)])),
  ) as Record<string, string[]>

  const { stdout } = await demo('--minutes', '0.1')
  const sent = Number(/^(\d+) calls sent/m.exec(stdout)?.[1])
  expect(sent).toBeGreaterThan(5)
  for (const collection of collections)
    expect((await names(collection)).length, collection).toBeGreaterThan(before[collection]?.length ?? 0)

  await signIn(page, product.email, product.password)
  await page.goto('/calls?simulated=only')
  await expect(page.getByRole('main').getByText('simulated', { exact: true }).first()).toBeVisible()
  await page.goto('/?simulated=include')
  await expect(page.getByRole('heading', { name: 'Top teams' })).toBeVisible()

  await demo('--remove')
  for (const collection of ['teams', 'consumers', 'providers', 'routes', 'limits'])
    expect(await names(collection), collection).toEqual(before[collection])
})

function demo(...args: string[]) {
  return run('npm', ['run', 'demo', '--', ...args], {
    cwd: ROOT,
    env: {
      ...inheritedEnvironment(),
      GATEHOUSE_ADMIN_URL: product.adminUrl,
      GATEHOUSE_GATEWAY_URL: product.gatewayUrl,
      GATEHOUSE_ADMIN_TOKEN: product.token,
    },
    timeout: 60_000,
  })
}
