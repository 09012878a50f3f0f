import { expect, test } from 'vitest'
import { limitExact, limitText } from './limit-words'

test.each([
  [{ metric: 'tokens', limit: 200_000, windowSeconds: 60 }, '200k tokens / 60 s', '200,000 tokens in 60 s'],
  [{ metric: 'costUsd', limit: '10', windowSeconds: 3600 }, '$10.00 / 1 h', '$10.00 in 1 h'],
  [{ metric: 'requests', limit: 5, windowSeconds: 86_400 }, '5 requests / 1 d', '5 requests in 1 d'],
  [{ metric: 'requests', limit: 5, windowSeconds: 5_400 }, '5 requests / 1 h 30 min', '5 requests in 90 min'],
  [{ metric: 'requests', limit: 5, windowSeconds: 90_061 }, '5 requests / 1 d 1 h', '5 requests in 90,061 s'],
  [{ metric: 'requests', limit: 1, windowSeconds: 60 }, '1 request / 60 s', '1 request in 60 s'],
  [{ metric: 'concurrency', limit: 1, windowSeconds: null }, '1 call at once', '1 call at once'],
  [{ metric: 'concurrency', limit: 8, windowSeconds: null }, '8 calls at once', '8 calls at once'],
] as const)('%j reads "%s", exactly "%s"', (limit, text, exact) => {
  expect([limitText(limit), limitExact(limit)]).toEqual([text, exact])
})
