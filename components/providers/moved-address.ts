/** What the form says before the API has to: a stored key never goes to a new address. */
import { keepsStored, movesAddress, type Provider, providerPatch } from '@/lib/resources/providers/schema'
import type { ProviderValues } from './provider-form'

type Address = Pick<ProviderValues, 'kind' | 'baseUrl' | 'allowPrivateNetwork'>

/** Whether what is typed so far would send calls elsewhere, and keys are stored that must not go there. */
export function leavesKeysBehind(provider: Provider, to: Address): boolean {
  return (provider.credentials.apiKey ?? []).length > 0 && movesAddress(provider, to)
}

/** As the API checks a change of this provider, with the error at each key that would have gone along. */
export function patchOf(provider: Provider) {
  return providerPatch.superRefine((patch, context) => {
    const { kind, baseUrl, allowPrivateNetwork } = { ...provider, ...patch } as Address
    if (!leavesKeysBehind(provider, { kind, baseUrl, allowPrivateNetwork })) return
    if (!keepsStored(patch.credentials)) return
    const list = patch.credentials?.apiKey ?? provider.credentials.apiKey ?? []
    for (const [index, one] of [list].flat().entries()) {
      if (typeof one === 'string') continue
      context.addIssue({
        code: 'custom',
        path: ['credentials', 'apiKey', index],
        message: 'does not go to a new address: enter it anew, or take it away',
      })
    }
  })
}
