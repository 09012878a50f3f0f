import { expect, test } from 'vitest'
import { askBody, FIRST_ASK } from './simulated-ask.ts'

test('a message becomes a chat request, with whose it is alone where that was said', () => {
  expect(askBody({ ...FIRST_ASK, message: 'Hi', stream: false })).toEqual({
    body: { request: { messages: [{ role: 'user', content: 'Hi' }], stream: false } },
  })
  expect(
    askBody({ ...FIRST_ASK, message: 'Hi', keyId: 'key_1', endUser: 'u', tags: { env: 'prod' } }),
  ).toEqual({
    body: {
      request: { messages: [{ role: 'user', content: 'Hi' }], stream: true },
      keyId: 'key_1',
      endUser: 'u',
      tags: { env: 'prod' },
    },
  })
})

test('headers and another time are sent where they are said; a row that nothing was typed into is not', () => {
  const at = '2026-03-01T22:30:00.000Z'
  expect(
    askBody({ ...FIRST_ASK, message: 'Hi', tags: { '': '' }, headers: { 'x-session': '1', '': '' }, at }),
  ).toMatchObject({ body: { headers: { 'x-session': '1' }, at } })
  const nothing = askBody({ ...FIRST_ASK, tags: { '': '' }, headers: { '': '' } })
  expect(Object.keys('body' in nothing ? nothing.body : {})).toEqual(['request'])
  expect(askBody({ ...FIRST_ASK, tags: { '': 'prod' } })).toMatchObject({ body: { tags: { '': 'prod' } } })
})

test('a request is sent as it stands, and must be an object', () => {
  const by = 'request'
  expect(askBody({ ...FIRST_ASK, by, request: '{"messages": [], "tools": [1]}' })).toEqual({
    body: { request: { messages: [], tools: [1] } },
  })
  expect(askBody({ ...FIRST_ASK, by, request: '[]' })).toMatchObject({ path: 'request' })
  expect(askBody({ ...FIRST_ASK, by, request: '{' })).toMatchObject({ path: 'request' })
})

test('a past call is asked for by its id', () => {
  expect(askBody({ ...FIRST_ASK, by: 'call', callId: ' 0190 ' })).toEqual({ body: { callId: '0190' } })
  expect(askBody({ ...FIRST_ASK, by: 'call', callId: ' ' })).toMatchObject({ path: 'callId' })
})
