import { describe, expect, test } from 'vitest'
import {
  constraintTexts,
  curlOf,
  type Endpoint,
  exampleOf,
  groupByTag,
  type OpenApi,
  objectWithin,
  permissionText,
  resolve,
  typeText,
} from './openapi'

const get = { operationId: 'teams.get', summary: 'A team', tags: ['Teams'], responses: {} }
const create = {
  operationId: 'teams.create',
  summary: 'Create a team',
  tags: ['Teams'],
  responses: {},
  'x-permission': { scope: 'teams:write', roles: ['owner', 'admin'], teamRoles: [], anyone: false },
  requestBody: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['name', 'enabled'],
          properties: {
            name: { type: 'string', maxLength: 120 },
            enabled: { type: 'boolean', default: true },
            note: { type: 'string' },
          },
        },
      },
    },
  },
}
const api: OpenApi = {
  info: { title: 'API', version: '1' },
  servers: [{ url: 'http://127.0.0.1:3000/api/v1' }],
  paths: { '/teams/{id}': { get }, '/teams': { post: create } },
  components: {
    schemas: {
      Team: {
        type: 'object',
        properties: { id: { type: 'string' }, parent: { $ref: '#/components/schemas/Team' } },
      },
      Loop: { $ref: '#/components/schemas/Loop' },
    },
  },
}
const post: Endpoint = { method: 'post', path: '/teams', operation: create }

test('endpoints stand under their tag, collections before single objects', () => {
  expect(groupByTag(api)).toMatchObject([
    { tag: 'Teams', slug: 'teams', endpoints: [{ path: '/teams' }, { path: '/teams/{id}' }] },
  ])
})

describe('types in words', () => {
  test.each([
    [{ type: 'string', format: 'date-time' }, 'string (date-time)'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, 'integer or null'],
    [{ type: 'array', items: { $ref: '#/components/schemas/Team' } }, 'array of Team'],
    [{ enum: ['hard', 'soft'] }, '"hard" | "soft"'],
    [{ type: 'object', additionalProperties: { type: 'string' } }, 'map to string'],
    [{}, 'any'],
  ])('%j', (schema, text) => {
    expect(typeText(api, schema)).toBe(text)
  })
  test('and what a value must hold to', () => {
    expect(constraintTexts({ minimum: 1, maximum: 500, default: 50 })).toEqual(['1–500', 'default 50'])
    expect(constraintTexts({ maxLength: 120 })).toEqual(['up to 120 characters'])
    expect(constraintTexts({ minimum: -9007199254740991, maximum: 9007199254740991 })).toEqual([])
  })
})

test('references that go round in circles end', () => {
  expect(resolve(api, { $ref: '#/components/schemas/Loop' }).name).toBe('Loop')
  expect(objectWithin(api, { anyOf: [{ type: 'null' }, { $ref: '#/components/schemas/Team' }] })).toBe(
    api.components.schemas.Team,
  )
  expect(exampleOf(api, { $ref: '#/components/schemas/Team' })).toBeTypeOf('object')
})

test('a curl has the token from the environment and the required fields alone', () => {
  const curl = curlOf(api, post)
  expect(curl).toContain('curl -X POST "http://127.0.0.1:3000/api/v1/teams"')
  expect(curl).toContain('$GATEHOUSE_TOKEN')
  expect(curl).toContain('"name": "my-name"')
  expect(curl).not.toContain('note')
  expect(curl).not.toContain('enabled')
})

test('who may is said in words', () => {
  expect(permissionText(create)).toBe(
    'owner or admin of the deployment. A token needs the scope teams:write.',
  )
  expect(permissionText({ ...get, security: [] })).toBe('Open: no sign-in needed.')
})
