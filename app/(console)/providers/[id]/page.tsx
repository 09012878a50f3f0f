import type { Metadata } from 'next'
import { ProviderPage } from '@/components/providers/provider-pages'

export const metadata: Metadata = { title: 'Provider' }

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <ProviderPage id={(await params).id} />
}
