import { beforeAll, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'

let call: Call
let owner: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  owner = (await makeUser({ role: 'owner' })).token
})

const post = (path: string, body: unknown) => call('POST', path, { token: owner, body })
const made = async (path: string, body: unknown) => {
  const answer = await post(path, body)
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

test('what a route says of choosing leads somewhere, or is refused where it does not', async () => {
  const providerId = (await made('/providers', { name: unique('p'), kind: 'sandbox' })).id
  const targets = [
    { providerId, model: 'big' },
    { providerId, model: 'small', group: 'small' },
  ]
  const refused = async (fields: object) => {
    const answer = await post('/routes', { name: unique('r'), targets, ...fields })
    expect(answer.status, answer.text).toBe(400)
    return answer.body.errors.map(({ path }: { path: string }) => path)
  }
  const rule = (when: object, use = 'small') => ({ rules: [{ name: 'rule', when, use }] })
  expect(await refused(rule({}, 'none'))).toEqual(['rules[0].use'])
  expect(await refused(rule({ inputTokens: { min: 2, max: 1 } }))).toEqual(['rules[0].when.inputTokens'])
  expect(await refused(rule({ inputTokens: { mni: 2 } }))).toEqual(['rules[0].when.inputTokens.mni'])
  expect(await refused(rule({ timeOfDay: { from: '08:00', to: '18:00', timeZone: 'Mars/Base' } }))).toEqual([
    'rules[0].when.timeOfDay.timeZone',
  ])
  expect(
    await refused(
      rule({ teamIds: ['team_x'], consumerIds: ['cons_x'], budgetLeft: { budgetId: 'bud_x', below: 0.2 } }),
    ),
  ).toEqual(['rules[0].when.teamIds[0]', 'rules[0].when.consumerIds[0]', 'rules[0].when.budgetLeft.budgetId'])
  expect(await refused({ canary: { group: 'none', percent: 5 } })).toEqual(['canary.group'])
  expect(await refused({ canary: { group: 'small', percent: 5 }, targets: targets.slice(1) })).toEqual([
    'canary.group',
  ])
  expect(await refused({ affinity: { by: 'header' } })).toEqual(['affinity.name'])

  const route = await made('/routes', { name: unique('r'), targets, ...rule({ tools: true }) })
  const path = `/routes/${route.id}`
  const patched = await call('PATCH', path, { token: owner, body: rule({ tools: false }) })
  expect(patched.body.rules).toMatchObject([{ name: 'rule', when: { tools: false }, only: false }])
  const cleared = await call('PATCH', path, { token: owner, body: { rules: [] } })
  expect(cleared.body.rules).toEqual([])
})

test('a setting without effect is answered with a warning where one route is read or saved', async () => {
  const providerId = (await made('/providers', { name: unique('p'), kind: 'sandbox' })).id
  const name = unique('r')
  const body = { name, targets: [{ providerId, model: 'm' }] }
  const route = await made('/routes', body)
  expect(route).toMatchObject({ onLoss: 'allow', warnings: [] })
  const patched = await call('PATCH', `/routes/${route.id}`, { token: owner, body: { onLoss: 'reject' } })
  const read = await call('GET', `/routes/${route.id}`, { token: owner })
  for (const answer of [patched, read]) {
    expect(answer.body.warnings).toEqual([
      { code: 'on_loss_without_effect', message: expect.stringContaining('has no effect yet') },
    ])
  }
  const list = await call('GET', `/routes?q=${name}`, { token: owner })
  expect(list.body.data[0]).not.toHaveProperty('warnings')
  const log = await call('GET', `/audit-log?targetId=${route.id}`, { token: owner })
  expect(log.text).not.toContain('on_loss_without_effect')
  expect(log.text).toContain('"onLoss":["allow","reject"]')
})
