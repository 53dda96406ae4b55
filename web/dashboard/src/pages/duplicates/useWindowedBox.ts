import { computed, type MaybeRefOrGetter, onBeforeUnmount, onMounted, ref, type Ref, toValue } from "vue";

const BEYOND = 5; // rows rendered above and below what is seen

/** Which rows of one height are in sight in a box that scrolls by itself, and how to bring one there. */
export function useWindowedBox(box: Ref<HTMLElement | undefined>, count: MaybeRefOrGetter<number>, height: number) {
  const top = ref(0);
  const seen = ref(600);
  const look = () => {
    top.value = box.value?.scrollTop ?? 0;
    seen.value = box.value?.clientHeight ?? 600;
  };
  const sizes = new ResizeObserver(look);
  onMounted(() => {
    if (!box.value) return;
    box.value.addEventListener("scroll", look, { passive: true });
    sizes.observe(box.value);
  });
  onBeforeUnmount(() => sizes.disconnect());

  const first = computed(() => Math.max(0, Math.min(toValue(count) - 1, Math.floor(top.value / height) - BEYOND)));
  const last = computed(() => Math.min(toValue(count), Math.ceil((top.value + seen.value) / height) + BEYOND));

  function reveal(index: number) {
    if (!box.value || index < 0) return;
    const [from, to] = [index * height, (index + 1) * height];
    if (from < box.value.scrollTop) box.value.scrollTop = from - height;
    else if (to > box.value.scrollTop + box.value.clientHeight) box.value.scrollTop = to + height - box.value.clientHeight;
    look();
  }

  return { first, last, reveal };
}
