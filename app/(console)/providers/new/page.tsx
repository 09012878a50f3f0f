import type { Metadata } from 'next'
import { NewProviderPage } from '@/components/providers/provider-pages'

export const metadata: Metadata = { title: 'Add provider' }

export default function Page() {
  return <NewProviderPage />
}
