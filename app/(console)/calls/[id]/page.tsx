import type { Metadata } from 'next'
import { CallPage } from '@/components/calls/call-panel'

export const metadata: Metadata = { title: 'Receipt' }

export default async function ReceiptPage({ params }: { params: Promise<{ id: string }> }) {
  return <CallPage id={decodeURIComponent((await params).id)} />
}
