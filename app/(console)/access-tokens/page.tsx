import type { Metadata } from 'next'
import { AccessTokensScreen } from '@/components/access-tokens/access-tokens-screen'

export const metadata: Metadata = { title: 'Access tokens' }

export default function Page() {
  return <AccessTokensScreen />
}
