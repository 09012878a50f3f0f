import { expect, it } from 'vitest'
import { readVendorCost } from './vendor-cost.ts'

/** From the bytes alone: what a parser made of them has lost digits. */
function costOf(usage: string): string | null {
  const bytes = Buffer.from(`{"id":"x","usage":${usage},"choices":[{"usage":{"cost":9}}]}`)
  return readVendorCost(JSON.parse(bytes.toString()).usage, bytes)
}

it.each([
  ['OpenRouter’s', '{"prompt_tokens":1,"cost":0.00014850}', '0.0001485'],
  ['with an exponent', '{"cost":1.4850000000000002e-05}', '0.000014850000000000002'],
  ['with more digits than a double has', '{"cost":0.123456789012345678901}', '0.123456789012345678901'],
  ['nothing charged', '{"cost":0}', '0'],
  [
    'the fee and the upstream’s charge, with a key of one’s own',
    '{"cost":0.05,"is_byok":true,"cost_details":{"upstream_inference_cost":1.0000001}}',
    '1.0500001',
  ],
  [
    'not the upstream’s charge otherwise: it is in the cost',
    '{"cost":0.95,"is_byok":false,"cost_details":{"upstream_inference_cost":0.9}}',
    '0.95',
  ],
  ['Perplexity’s', '{"cost":{"request_cost":0.005,"total_cost":0.0051}}', '0.0051'],
  ['xAI’s ticks', '{"cost_in_usd_ticks":37756001}', '0.0037756001'],
])('reads what the vendor charges: %s', (_name, usage, expected) => {
  expect(costOf(usage)).toBe(expected)
})

it.each([
  '{"prompt_tokens":1}',
  '{"cost":null}',
  '{"cost":"0.1"}',
  '{"cost":-0.1}',
  '{"cost":100001}',
  '{"cost":1e99}',
  '{"cost":{}}',
  '{"cost":0.05,"is_byok":true,"cost_details":null}',
  '{"cost_in_usd_ticks":"1"}',
  'null',
])('says nothing of what is not told or can’t be true: %s', (usage) => {
  expect(costOf(usage)).toBeNull()
})
