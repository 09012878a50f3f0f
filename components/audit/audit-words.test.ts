import { expect, test } from 'vitest'
import { actionWords, targetHref } from './audit-words'

test('actions read as sentences, unknown ones as they are', () => {
  expect(actionWords('key.create')).toBe('Created key')
  expect(actionWords('accessToken.revoke')).toBe('Revoked access token')
  expect(actionWords('session.sign-in')).toBe('Signed in')
  expect(actionWords('limit.create')).toBe('Created limit')
  expect(actionWords('budget.override')).toBe('Overrode budget')
  expect(actionWords('budget.end-override')).toBe('Ended the override of budget')
  expect(actionWords('something.else')).toBe('something.else')
  expect(actionWords('bare')).toBe('bare')
})

test('no link leads to what was deleted or has no page', () => {
  expect(targetHref({ targetType: 'team', targetId: 'team_a', action: 'team.update' })).toBe('/teams/team_a')
  expect(targetHref({ targetType: 'budget', targetId: 'budget_a', action: 'budget.override' })).toBe(
    '/budgets/budget_a',
  )
  expect(targetHref({ targetType: 'team', targetId: 'team_a', action: 'team.delete' })).toBeNull()
  expect(targetHref({ targetType: 'session', targetId: 's', action: 'session.sign-in' })).toBeNull()
})
