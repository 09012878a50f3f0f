import { randomBytes } from 'node:crypto'
import AxeBuilder from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'
import { caller } from './support/caller.ts'
import { makeWay, managementApi, type Way } from './support/management-api.ts'
import { sharedProduct } from './support/product.ts'
import { signIn } from './support/sign-in.ts'
import { startVendor, type Vendor } from './support/vendor.ts'

interface Target {
  readonly model: string
  readonly priority: number
  readonly group: string | null
  readonly weight: number
}

const product = sharedProduct()
const api = managementApi(product)
let vendor: Vendor
let way: Way

test.beforeAll(async () => {
  vendor = await startVendor()
})
test.afterAll(() => vendor?.stop())
test.beforeEach(async ({ page }) => {
  way = await makeWay(api, `editor-${randomBytes(3).toString('hex')}`, vendor.baseUrl)
  await signIn(page, product.email, product.password)
})

const saved = () =>
  api.get<{ targets: Target[]; rules: unknown[]; strategy: string }>(`/routes/${way.routeId}`)
/** `a 0, b 1`: who stands where, as the API has it. */
const order = async () =>
  (await saved()).targets.map(({ model, priority }) => `${model} ${priority}`).join(', ')
const target = (page: Page, place: number) => page.getByRole('listitem', { name: `Target ${place}` })

async function withTargets(...targets: readonly Partial<Target>[]): Promise<void> {
  const { status, body } = await api.request('PATCH', `/routes/${way.routeId}`, {
    targets: targets.map((one) => ({ providerId: way.providerId, ...one })),
  })
  if (status !== 200) throw new Error(JSON.stringify(body))
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save route' }).click()
  await expect(page.getByText('This is what is live.')).toBeVisible()
}

test('targets move by keyboard, the focus goes with them, and the saved order is the one on the screen', async ({
  page,
}) => {
  await withTargets({ model: 'a', priority: 0 }, { model: 'b', priority: 1 }, { model: 'c', priority: 2 })
  await page.goto(`/routes/${way.routeId}`)
  await target(page, 3).getByLabel('Model').press('Alt+ArrowUp')
  await expect(target(page, 2).getByLabel('Model')).toBeFocused()
  await expect(target(page, 2).getByLabel('Model')).toHaveValue('c')
  await expect(page.getByText('c is now 2 of 3, Fallback 1.')).toBeAttached()
  await save(page)
  expect(await order()).toBe('a 0, c 1, b 2')

  // Another priority, by the list of them.
  await target(page, 3).getByLabel('Priority').selectOption('First')
  await expect(page.getByRole('region', { name: 'First' }).getByRole('listitem')).toHaveCount(2)
  await expect(page.getByText(/shared by a at .* \(50 %\) and b at/)).toBeVisible()
  await save(page)
  expect(await order()).toBe('a 0, b 0, c 1')

  // Picked up, moved over the one above, and dropped there: the handle stays in focus.
  const handle = target(page, 3).getByRole('button', { name: 'Drag target 3' })
  await handle.press('Space')
  await expect(page.getByText('c is at its own place.')).toBeAttached()
  await page.keyboard.press('ArrowUp')
  await expect(page.getByText('Now over: a priority of its own before Fallback 1.')).toBeAttached()
  await page.keyboard.press('ArrowUp')
  await expect(page.getByText('Now over: beside b in First.')).toBeAttached()
  await page.keyboard.press('Space')
  await expect(target(page, 2).getByLabel('Model')).toHaveValue('c')
  await expect(target(page, 2).getByRole('button', { name: 'Drag target 2' })).toBeFocused()
  await save(page)
  expect(await order()).toBe('a 0, c 0, b 0')
})

test('targets move by pointer, beside another or to a priority of their own', async ({ page }) => {
  await withTargets({ model: 'a', priority: 0 }, { model: 'b', priority: 1 }, { model: 'c', priority: 2 })
  await page.goto(`/routes/${way.routeId}`)
  await drag(page, 3, page.getByRole('heading', { name: 'First' }))
  await expect(target(page, 1).getByLabel('Model')).toHaveValue('c')
  await save(page)
  expect(await order()).toBe('c 0, a 1, b 2')

  await drag(page, 3, target(page, 2))
  await expect(page.getByRole('region', { name: 'Fallback 1' }).getByRole('listitem')).toHaveCount(2)
  await save(page)
  expect(await order()).toBe('c 0, b 1, a 1')
})

test('a rule that is made here decides a real call, as the simulator said before', async ({ page }) => {
  await withTargets({ model: 'gpt-fake' }, { model: 'gpt-long', group: 'long' })
  await page.goto(`/routes/${way.routeId}`)
  await page.getByRole('radio', { name: /By rules/ }).click()
  await page.getByRole('button', { name: 'Add rule' }).click()
  const rule = page.getByRole('listitem', { name: 'Rule 1' })
  await rule.getByLabel('Name').fill('Gold callers')
  await addCondition(page, 'Tags')
  await rule.getByLabel('Name of tag 1').fill('tier')
  await rule.getByLabel('Value of tag 1').fill('gold')
  await addCondition(page, 'Streaming')
  await rule.getByRole('button', { name: 'Not streamed' }).click()
  await expect(rule.getByText('When it is not streamed and tag tier is gold: group long.')).toBeVisible()
  await expect(page.getByText('your changes are not')).toBeVisible()
  await save(page)
  await expect(page.getByText('your changes are not')).toBeHidden()

  const simulator = page.getByRole('form', { name: 'Simulator' })
  const told = page.getByRole('status').filter({ hasText: 'It goes to' })
  await simulator.getByLabel('Streamed').uncheck()
  await simulator.getByText('Whose call it is').click()
  await simulator.getByRole('combobox', { name: 'Key' }).click()
  await page.getByPlaceholder('Search').fill(way.keyName)
  await page.getByRole('option', { name: way.keyName }).click()
  await simulator.getByRole('button', { name: 'Add tag' }).click()
  await simulator.getByLabel('Name of tag 1').fill('tier')
  for (const [tier, model] of [
    ['silver', 'gpt-fake'],
    ['gold', 'gpt-long'],
  ] as const) {
    await simulator.getByLabel('Value of tag 1').fill(tier)
    await simulator.getByRole('button', { name: 'Simulate' }).click()
    await expect(
      told.getByText(new RegExp(`"Gold callers" ${tier === 'gold' ? 'applies' : 'does not apply'}`)),
    ).toBeVisible()
    await expect(told.locator('section').first()).toContainText(`${model} at ${way.providerName}`)
    const { data, response } = await caller(product, way.secret)
      .chat.completions.create(
        { model: way.route, messages: [{ role: 'user', content: 'What is the capital of France?' }] },
        { headers: { 'x-gatehouse-tags': `tier=${tier}` } },
      )
      .withResponse()
    expect([response.status, data.choices.length]).toEqual([200, 1])
    expect((await vendor.served()).at(-1)?.model).toBe(model)
  }
  // What was open when it was saved stays so.
  await expect(rule.getByLabel('Name', { exact: true })).toBeVisible()
})

test('rules move by keyboard, and all that the form can show is usable by everybody in both themes', async ({
  page,
}) => {
  await withTargets({ model: 'a' }, { model: 'b', group: 'long' }, { model: 'c', priority: 1, group: 'next' })
  await api.request('PATCH', `/routes/${way.routeId}`, {
    strategy: 'rules',
    canary: { group: 'next', percent: 5 },
    affinity: { by: 'header', name: 'x-session' },
    degradation: { notify: 'message' },
    timeouts: { minOutputSpeed: { tokensPerSecond: 10, withinMs: 2_000 } },
    hedge: {},
    rules: [
      {
        name: 'Every one',
        use: 'long',
        when: {
          ...{ inputTokens: { min: 8_000 }, tools: true, images: false, json: true, stream: true },
          ...{ tags: { env: 'prod' }, teamIds: [way.teamId], consumerIds: [way.consumerId] },
          ...{ timeOfDay: { from: '22:00', to: '06:00', days: [1, 2] }, complexity: { max: 20 } },
        },
      },
      { name: 'The rest', use: 'next', when: {}, only: true },
    ],
  })
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto(`/routes/${way.routeId}`)
  const first = page.getByRole('listitem', { name: 'Rule 1' })
  await expect(first.getByText(`the team is ${way.teamName}, the consumer`)).toBeVisible()
  await first.getByRole('button', { name: /Every one/ }).click()
  await page.getByRole('button', { name: 'Simulate' }).click()
  await expect(page.getByText('It goes to')).toBeVisible()
  await page.getByText('Whose call it is').click()
  await page.getByRole('form', { name: 'Simulator' }).getByRole('button', { name: 'Add tag' }).click()
  await page.getByText('Headers and time').click()
  await page.getByRole('button', { name: 'Add header' }).click()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await expect(page.locator('html')).toHaveCSS('color-scheme', colorScheme)
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  }
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)

  await first.getByLabel('Name', { exact: true }).press('Alt+ArrowDown')
  const second = page.getByRole('listitem', { name: 'Rule 2' })
  await expect(second.getByLabel('Name', { exact: true })).toBeFocused()
  await expect(page.getByText('Every one is now 2 of 2.')).toBeAttached()
  await save(page)
  expect((await saved()).rules).toMatchObject([{ name: 'The rest' }, { name: 'Every one' }])
})

test('the simulator takes the header that calls stick by, another time, and says which name none can have', async ({
  page,
}) => {
  const models = ['gpt-a', 'gpt-b', 'gpt-c', 'gpt-d']
  await withTargets(...models.map((model) => ({ model })), { model: 'gpt-night', group: 'night' })
  await api.request('PATCH', `/routes/${way.routeId}`, {
    strategy: 'consistentHash',
    affinity: { by: 'header', name: 'x-session' },
  })
  await page.goto(`/routes/${way.routeId}`)
  const simulator = page.getByRole('form', { name: 'Simulator' })
  const told = page.getByRole('status').filter({ hasText: 'It goes to' })
  const simulate = async () => {
    const answered = page.waitForResponse(/\/simulate$/)
    await simulator.getByRole('button', { name: 'Simulate' }).click()
    await answered
  }
  await simulator.getByText('Headers and time').click()
  await simulator.getByRole('button', { name: 'Add header' }).click()
  await simulator.getByLabel('Name of header 1').fill('X-Session')
  for (const session of ['one', 'two', 'three']) {
    await simulator.getByLabel('Value of header 1').fill(session)
    await simulate()
    await expect(told.getByText(/its header x-session/)).toBeVisible()
    await caller(product, way.secret).chat.completions.create(
      { model: way.route, messages: [{ role: 'user', content: 'What is the capital of France?' }] },
      { headers: { 'x-session': session } },
    )
    const model = (await vendor.served()).at(-1)?.model
    await expect(told.locator('section').first()).toContainText(`${model} at ${way.providerName}`)
  }
  await simulator.getByLabel('Name of header 1').fill('x session')
  await simulate()
  await expect(simulator.getByText(/"x session" can not be the name of a header/)).toBeVisible()
  await simulator.getByRole('button', { name: 'Remove header 1' }).click()
  await simulator.getByText('Whose call it is').click()
  await simulator.getByRole('button', { name: 'Add tag' }).click()
  await simulator.getByLabel('Name of tag 1').fill('a b')
  await simulator.getByText('Whose call it is').click()
  await simulate()
  // What is wrong behind a fold opens it.
  await expect(simulator.getByText(/"a b" can not be the name of a tag/)).toBeVisible()
  await simulator.getByRole('button', { name: 'Remove tag 1' }).click()

  await api.request('PATCH', `/routes/${way.routeId}`, {
    strategy: 'rules',
    rules: [{ name: 'At night', use: 'night', when: { timeOfDay: { from: '22:00', to: '06:00' } } }],
  })
  await page.getByRole('button', { name: /^Time zone/ }).click()
  await page.getByRole('menuitemradio', { name: 'UTC', exact: true }).click()
  for (const [time, does] of [
    ['2026-03-02T12:00', 'does not apply: it is 12:00 in UTC'],
    ['2026-03-02T23:00', 'applies (it is 23:00 in UTC)'],
  ] as const) {
    await simulator.getByLabel('Time').fill(time)
    await simulate()
    await expect(told.getByText(`The rule "At night" ${does}`)).toBeVisible()
  }
})

test('what the simulator can not take is told at its field', async ({ page }) => {
  await page.goto(`/routes/${way.routeId}`)
  const simulator = page.getByRole('form', { name: 'Simulator' })
  await simulator.getByRole('button', { name: 'Past call' }).click()
  await simulator.getByLabel('Call', { exact: true }).fill('00000000-0000-7000-8000-000000000000')
  await simulator.getByRole('button', { name: 'Simulate' }).click()
  await expect(simulator.getByText('there is no such call')).toBeVisible()
  await simulator.getByRole('button', { name: 'Request', exact: true }).click()
  await simulator.getByLabel('Chat request as JSON').fill('{"messages": ')
  await simulator.getByRole('button', { name: 'Simulate' }).click()
  await expect(simulator.getByText(/^not JSON/)).toBeVisible()
  await simulator.getByLabel('Chat request as JSON').fill('{"messages": "Hi"}')
  await simulator.getByRole('button', { name: 'Simulate' }).click()
  await expect(simulator.getByText(/messages.*must be an array/)).toBeVisible()
})

test('a rule that is not valid is told at its fields, by the form and by the API, and nothing changes', async ({
  page,
}) => {
  await withTargets({ model: 'gpt-fake' }, { model: 'gpt-long', group: 'long' })
  await page.goto(`/routes/${way.routeId}`)
  await page.getByRole('radio', { name: /By rules/ }).click()
  await page.getByRole('button', { name: 'Add rule' }).click()
  const rule = page.getByRole('listitem', { name: 'Rule 1' })
  await rule.getByLabel('Name').fill('')
  await addCondition(page, 'Team')
  await page.getByRole('button', { name: 'Save route' }).click()
  await expect(rule.getByText('a name is needed')).toBeVisible()
  await expect(rule.getByRole('group', { name: 'Team' }).getByText('choose at least one')).toBeVisible()

  await rule.getByLabel('Name').fill('Long ones')
  await rule.getByRole('button', { name: 'Remove condition Team of rule 1' }).click()
  await addCondition(page, 'Size of the input')
  await rule.getByLabel('At most').fill('100')
  await rule
    .getByRole('button', { name: 'Without a name' })
    .or(rule.getByRole('button', { name: 'Long ones' }))
    .click()
  // Only the API knows that a range holds nothing; the rule that was closed opens with it.
  await page.getByRole('button', { name: 'Save route' }).click()
  await expect(
    rule.getByRole('group', { name: 'Size of the input' }).getByText('its min is above its max'),
  ).toBeVisible()
  expect(await saved()).toMatchObject({ strategy: 'priority', rules: [] })
  await rule.getByLabel('At least').fill('50')
  await save(page)
  expect(await saved()).toMatchObject({
    strategy: 'rules',
    rules: [{ name: 'Long ones', when: { inputTokens: { min: 50, max: 100 } }, use: 'long', only: false }],
  })
})

test('a member that the form does not know is kept through every change that it makes', async ({ page }) => {
  await withTargets({ model: 'a' }, { model: 'b', priority: 1 })
  await page.goto(`/routes/${way.routeId}`)
  await page.getByRole('tab', { name: 'JSON' }).click()
  const text = page.getByLabel('Route as JSON')
  const document = JSON.parse(await text.inputValue())
  document.ofTomorrow = { mode: 'x' }
  document.targets[1].ofTomorrow = 1
  await text.fill(JSON.stringify(document))
  await page.getByRole('tab', { name: 'Form' }).click()
  await target(page, 2).getByRole('button', { name: 'Move target 2 up' }).click()
  await target(page, 1).getByLabel('Weight').fill('3')
  await page.getByRole('tab', { name: 'JSON' }).click()
  expect(JSON.parse(await text.inputValue())).toMatchObject({
    ofTomorrow: { mode: 'x' },
    targets: [
      { model: 'b', weight: 3, priority: 0, ofTomorrow: 1 },
      { model: 'a', priority: 1 },
    ],
  })
  // This API does not know it yet, says so, and changes nothing.
  await page.getByRole('button', { name: 'Save route' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'ofTomorrow' })).toBeVisible()
  expect(await order()).toBe('a 0, b 1')
})

async function addCondition(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Add condition' }).click()
  await page.getByRole('menuitem', { name }).click()
}

/** By the handle of a target, in small steps as a hand moves. */
async function drag(page: Page, from: number, to: ReturnType<Page['locator']>): Promise<void> {
  const handle = page.getByRole('button', { name: `Drag target ${from}` })
  await handle.scrollIntoViewIfNeeded()
  const [start, end] = [await handle.boundingBox(), await to.boundingBox()]
  if (!start || !end) throw new Error('nothing to drag, or nowhere')
  const x = start.x + start.width / 2
  await page.mouse.move(x, start.y + start.height / 2)
  await page.mouse.down()
  await page.mouse.move(x, start.y + start.height / 2 - 10, { steps: 2 })
  await page.mouse.move(x, end.y + end.height / 2, { steps: 10 })
  await page.mouse.up()
}

test('a second target beside the first: switched on, set, and said by the simulator', async ({ page }) => {
  await withTargets({ model: 'a' }, { model: 'b', priority: 1 })
  await page.goto(`/routes/${way.routeId}`)
  await page.getByLabel('Ask a second target when the first is late').click()
  await page.getByLabel('Later than so many of 100 answers').fill('100')
  await page.getByRole('button', { name: 'Save route' }).click()
  await expect(page.getByText('Too big: expected number to be <=99', { exact: true })).toBeVisible()
  await page.getByLabel('Later than so many of 100 answers').fill('90')
  await save(page)
  expect(await saved()).toMatchObject({ hedge: { percentile: 90, minMs: 100 } })
  await page.getByRole('button', { name: 'Simulate' }).click()
  await expect(page.getByText('too few of its answers are known')).toBeVisible()
  await page.getByLabel('Ask a second target when the first is late').click()
  await save(page)
  expect(await saved()).toMatchObject({ hedge: null })
})
