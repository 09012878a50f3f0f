import { describe, expect, test } from 'vitest'
import { readSettings, SettingsError } from './settings.ts'

const good = { GATEHOUSE_CONTROL_URL: 'http://127.0.0.1:3000/', GATEHOUSE_GATEWAY_TOKEN: 'a-token-of-ours' }

describe('the environment', () => {
  test('has the defaults of the design', () => {
    expect(readSettings(good)).toEqual({
      port: 4000,
      host: '127.0.0.1',
      folder: '.data/gateway-4000',
      controlUrls: ['http://127.0.0.1:3000'],
      gatewayToken: 'a-token-of-ours',
      gatewayUrl: null,
      adminUrl: null,
      journalSync: 'group',
      counters: 'shared',
      timeZone: 'UTC',
      drainMs: 8_000,
      metricsToken: null,
      ownPorts: new Set([4000, 3000]),
    })
  })

  test('names every port of this deployment as one that no upstream may be on', () => {
    const { ownPorts } = readSettings({
      ...good,
      GATEWAY_PORT: '4100',
      GATEHOUSE_ADMIN_URL: 'https://gatehouse.example',
      GATEHOUSE_GATEWAY_URL: 'http://127.0.0.1:4200',
      GATEHOUSE_RESERVED_PORTS: '5433, 6379',
    })
    expect([...ownPorts].sort()).toEqual([3000, 4100, 4200, 5433, 6379])
  })

  test.each([
    [{ GATEHOUSE_CONTROL_URL: '  ' }, 'GATEHOUSE_CONTROL_URL is not set'],
    [{ GATEHOUSE_CONTROL_URL: 'admin:3000' }, 'GATEHOUSE_CONTROL_URL is "admin:3000"'],
    [{ GATEHOUSE_GATEWAY_TOKEN: undefined }, 'GATEHOUSE_GATEWAY_TOKEN is not set'],
    [{ GATEHOUSE_GATEWAY_TOKEN: 'with space' }, 'GATEHOUSE_GATEWAY_TOKEN takes'],
    [{ GATEWAY_PORT: '0' }, 'GATEWAY_PORT is "0": it takes a whole number from 1 to 65535.'],
    [{ GATEWAY_PORT: '4000.5' }, 'GATEWAY_PORT is "4000.5"'],
    [{ GATEHOUSE_DRAIN_MS: '-1' }, 'GATEHOUSE_DRAIN_MS is "-1"'],
    [{ JOURNAL_SYNC: 'never' }, 'JOURNAL_SYNC is "never": it takes group or settle.'],
    [{ GATEHOUSE_CONTROL_URL: 'http://a:3000, b:3000' }, 'GATEHOUSE_CONTROL_URL is "b:3000"'],
    [{ GATEHOUSE_COUNTERS: 'many' }, 'GATEHOUSE_COUNTERS is "many": it takes shared or independent.'],
    [{ GATEHOUSE_TIME_ZONE: 'Mars/Olympus' }, 'GATEHOUSE_TIME_ZONE is "Mars/Olympus"'],
    [{ GATEHOUSE_RESERVED_PORTS: '5432;6379' }, 'GATEHOUSE_RESERVED_PORTS is "5432;6379"'],
  ])('says in one sentence what is wrong: %j', (env, sentence) => {
    expect(() => readSettings({ ...good, ...env })).toThrow(SettingsError)
    expect(() => readSettings({ ...good, ...env })).toThrow(sentence)
  })

  test('never repeats the token', () => {
    try {
      readSettings({ ...good, GATEHOUSE_GATEWAY_TOKEN: 'secret with space' })
      throw new Error('it was taken')
    } catch (error) {
      expect((error as Error).message).not.toContain('secret with')
    }
  })
})
