/** REST, with the token of this tab; a problem becomes an Error with its sentence. */

const TOKEN = "taskbeam.token";

export const token = () => sessionStorage.getItem(TOKEN);
export const keepToken = (value) => sessionStorage.setItem(TOKEN, value);

function headers() {
  return token() ? { Authorization: `Bearer ${token()}` } : {};
}

export async function get(path) {
  return answer(await fetch(path, { headers: headers() }));
}

export async function picture(path) {
  const response = await fetch(path, { headers: headers() });
  return response.ok ? response.blob() : answer(response);
}

export async function post(path, body = {}) {
  const init = {
    method: "POST",
    headers: { ...headers(), "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID?.() ?? unique() },
    body: JSON.stringify(body),
  };
  return answer(await fetch(path, init));
}

/** Uploads a file; fetch cannot say how far an upload is, XMLHttpRequest can. */
export function upload(path, file, onProgress) {
  const form = new FormData();
  form.append("file", file);
  const request = new XMLHttpRequest();
  request.open("POST", path);
  for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
  return new Promise((resolve, reject) => {
    request.addEventListener("error", () => reject(new Error("network")));
    request.addEventListener("load", () => {
      const content = JSON.parse(request.responseText || "{}");
      if (request.status < 400) resolve(content);
      else reject(new Error(content.detail ?? request.statusText));
    });
    request.send(form);
  });
}

async function answer(response) {
  const content = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw Object.assign(new Error(content.detail), { code: content.code });
  return content;
}

// crypto.randomUUID exists in secure contexts only, and http://192.168.… is none.
function unique() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
