// amazon-cognito-identity-js as it is: only the endpoint is the local one. aws-jwt-verify checks
// the tokens.
import assert from "node:assert/strict"
import { AuthenticationDetails, CognitoRefreshToken, CognitoUser, CognitoUserAttribute, CognitoUserPool } from "amazon-cognito-identity-js"
import { CognitoJwtVerifier } from "aws-jwt-verify"
import { clientId, code, endpoint, fails, jwks, password, poolId } from "./pool.mjs"

const pool = new CognitoUserPool({ UserPoolId: poolId, ClientId: clientId, endpoint })
const person = name => new CognitoUser({ Username: name, Pool: pool })

// call turns a method with a callback, or with callbacks, into a promise.
const call = (object, method, ...args) => new Promise((done, failed) =>
	object[method](...args, (error, result) => error ? failed(error) : done(result)))
const ask = (object, method, ...args) => new Promise((done, failed) =>
	object[method](...args, { onSuccess: done, onFailure: failed, inputVerificationCode: done }))

// signIn answers with the session, or with the name of the challenge.
const signIn = (user, password) => new Promise((done, failed) =>
	user.authenticateUser(new AuthenticationDetails({ Username: user.getUsername(), Password: password }), {
		onSuccess: done, onFailure: failed, newPasswordRequired: () => done("NEW_PASSWORD_REQUIRED"),
	}))

const ann = "ann.identity@example.com"
const attributes = [["email", ann], ["custom:agentName", "Ann Example"]].map(([Name, Value]) => new CognitoUserAttribute({ Name, Value }))

await call(pool, "signUp", ann, password, attributes, [])
await fails("UsernameExistsException", null, () => call(pool, "signUp", ann, password, attributes, []))
let user = person(ann)
await fails("UserNotConfirmedException", "User is not confirmed.", () => signIn(user, password))
await call(user, "confirmRegistration", await code(ann), false)
await fails("NotAuthorizedException", "Incorrect username or password.", () => signIn(person(ann), "wrong-pass-1"))

let session = await signIn(user, password)
const keys = await jwks()
for (const [tokenUse, token] of [["access", session.getAccessToken()], ["id", session.getIdToken()]]) {
	const verifier = CognitoJwtVerifier.create({ userPoolId: poolId, clientId, tokenUse })
	verifier.cacheJwks(keys)
	const claims = await verifier.verify(token.getJwtToken())
	for (const claim of ["sub", "origin_jti", "event_id", "auth_time", "jti"]) assert.ok(claims[claim], `${tokenUse}: ${claim}`)
}

// The library has confirmed the device by now, and signs in on it the next time.
const device = session.getAccessToken().payload.device_key
assert.equal((await ask(user, "listDevices", 10, null)).Devices.length, 1)
await call(user, "refreshSession", session.getRefreshToken())
session = await signIn(person(ann), password)
assert.equal(session.getAccessToken().payload.device_key, device, "the second sign-in is on the same device")
assert.equal((await ask(user, "listDevices", 10, null)).Devices.length, 1)
user.getCachedDeviceKeyAndPassword()
await ask(user, "setDeviceStatusNotRemembered")
await ask(user, "setDeviceStatusRemembered")
const told = await ask(user, "getDevice")
assert.equal(told.Device.DeviceKey, device)

await call(user, "updateAttributes", [{ Name: "name", Value: "Ann" }, { Name: "custom:agentName", Value: "Ann Two" }])
await fails("NotAuthorizedException", "A client attempted to write unauthorized attribute",
	() => call(user, "updateAttributes", [{ Name: "phone_number", Value: "+12065550100" }]))
await call(user, "deleteAttributes", ["name"])
const values = Object.fromEntries((await call(user, "getUserAttributes")).map(a => [a.getName(), a.getValue()]))
assert.equal(values["custom:agentName"], "Ann Two")
assert.ok(!("name" in values))

const changed = "ann.changed@example.com"
await call(user, "updateAttributes", [{ Name: "email", Value: changed }])
await ask(user, "verifyAttribute", "email", await code(changed))

await call(user, "changePassword", password, "sample-pass-2")
user = person(changed)
await fails("NotAuthorizedException", "Incorrect username or password.", () => signIn(user, password))
session = await signIn(user, "sample-pass-2")

await ask(user, "forgotPassword")
await ask(user, "confirmPassword", await code(changed), "sample-pass-3")
session = await signIn(user, "sample-pass-3")

await ask(user, "globalSignOut")
user = person(changed)
await fails("NotAuthorizedException", "Refresh Token has been revoked", () => call(user, "refreshSession", session.getRefreshToken()))

session = await signIn(user, "sample-pass-3")
const kept = new CognitoRefreshToken({ RefreshToken: session.getRefreshToken().getToken() })
await new Promise(done => user.signOut(done)) // RevokeToken
await fails("NotAuthorizedException", "Refresh Token has been revoked", () => call(person(changed), "refreshSession", kept))

user = person(changed)
await signIn(user, "sample-pass-3")
await ask(user, "forgetDevice")
user.clearCachedDeviceKeyAndPassword()
await signIn(user, "sample-pass-3")
await call(user, "deleteUser")
await fails("NotAuthorizedException", "Incorrect username or password.", () => signIn(person(changed), "sample-pass-3"))
