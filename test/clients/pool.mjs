// What the scripts of this folder share: where the local pool is, and the mailbox.
import assert from "node:assert/strict"

export const {
	POOL_ENDPOINT: endpoint, POOL_WEB: web, POOL_ID: poolId, CLIENT_ID: clientId, IDENTITY_POOL_ID: identityPoolId,
} = process.env

export const password = "sample-pass-1"

const seen = new Set()

// code waits for an email to an address, and returns the code in it. Each email counts once.
export async function code(address) {
	for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(done => setTimeout(done, 50))) {
		const { messages } = await (await fetch(`${web}/api/v1/messages`)).json()
		for (const { ID, To } of messages) {
			if (seen.has(ID) || To[0].Address !== address) continue
			seen.add(ID)
			const { HTML } = await (await fetch(`${web}/api/v1/message/${ID}`)).json()
			const found = />([0-9]{6})</.exec(HTML)
			if (found) return found[1]
		}
	}
	throw new Error(`no code came to ${address}`)
}

// fails runs what has to be refused with an error of this name, and perhaps this message.
export async function fails(name, message, run) {
	await assert.rejects(run, error => {
		assert.equal(error.name, name, `${error.name}: ${error.message}`)
		if (message) assert.equal(error.message, message)
		return true
	})
}

export async function jwks() {
	return (await fetch(`${endpoint}/${poolId}/.well-known/jwks.json`)).json()
}
