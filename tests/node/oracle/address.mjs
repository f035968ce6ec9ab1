// What can be called.

/** True of the absolute address of a server. */
export const isAddress = (text) => URL.canParse(text) && /^https?:\/\//.test(text);
