import { TaskbeamError } from "taskbeam-client";
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { client, currentToken, forgetToken, keepToken, tryToken } from "@/api";

export interface Me {
  id: string;
  name: string;
  kind: string;
  scopes: string[];
  auth_required: boolean;
  version: string;
}

/** Who looks at this page: the API key, and what the server says it may do. */
export const useSession = defineStore("session", () => {
  const me = shallowRef<Me>();
  const refusal = shallowRef<TaskbeamError>(); // why a key is asked for
  const hasKey = ref(currentToken() !== undefined);

  const isKnown = computed(() => me.value !== undefined);
  const isAsked = computed(() => refusal.value !== undefined);
  const may = (scope: string) => me.value?.scopes.some((own) => own === scope || own === "admin") ?? false;

  client.connection.subscribe(({ state, error }) => {
    if (state === "refused" && error?.code === "UNAUTHORIZED") refuse(error);
  });

  /** Asks the server who we are; a refusal opens the sign-in form, any other fault is the caller's. */
  async function identify() {
    try {
      me.value = (await client.api("GET /api/me")).data;
      refusal.value = undefined;
    } catch (error) {
      if (!(error instanceof TaskbeamError && error.status === 401)) throw error;
      refuse(error);
    }
  }

  function refuse(error: TaskbeamError) {
    me.value = undefined;
    refusal.value = error;
  }

  async function signIn(key: string, keep: boolean) {
    tryToken(key);
    await identify();
    hasKey.value = isKnown.value;
    if (isKnown.value) keepToken(keep);
    else tryToken(undefined);
  }

  function signOut() {
    forgetToken();
    location.reload();
  }

  return { me, refusal, hasKey, isKnown, isAsked, may, identify, signIn, signOut };
});
