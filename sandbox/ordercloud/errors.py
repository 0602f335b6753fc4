"""OrderCloud's errors: one exception, one table of codes, one body.

Messages are OrderCloud's own texts, which clients may show or compare; the statuses marked assumed
in docs/sandbox-ordercloud.md were not seen on the real service.
"""

from typing import Any

_TABLE: dict[str, tuple[int, str]] = {
    "Address.CannotUpdateNotFound": (404, "The Order has no Shipping Address to update."),
    "Api.Offline": (
        503,
        "The API is down briefly for maintenance. Please try again in a few seconds.",
    ),
    "ApiClient.InvalidClientID": (400, "Invalid Client ID."),
    "Auth.AnonUserProhibited": (
        403,
        "Anonymous users are prohibited from performing these actions.",
    ),
    "Auth.ClientNotActive": (400, "Client ID is not active."),
    "Auth.CompanyNotActive": (400, "User's organization is not active."),
    "Auth.InsecurePassword": (400, "Password does not meet security requirements."),
    "Auth.InsufficientRoles": (
        403,
        "User does not have role(s) required to perform this action.",
    ),
    "Auth.InvalidUsernameOrPassword": (400, "Invalid username or password."),
    "Auth.MustPassAnonUserToken": (
        400,
        "The token provided is invalid. Please provide an anonymous user token and try again.",
    ),
    "Auth.OauthError": (400, "invalid"),
    "Auth.UnauthorizedRole": (400, "User is not authorized."),
    "Auth.TokenRevoked": (401, "The provided token has been revoked. Please re-authenticate."),
    "Auth.UserNotActive": (400, "User is not active."),
    "Auth.UserNotAuthorizedToAdmin": (
        403,
        (
            "Reading and/or Administering certain resources is forbidden for certain user types "
            "regardless of role(s)."
        ),
    ),
    "Auth.UsernameAndPasswordRequired": (400, "Both username and password are required."),
    "Category.InvalidDepth": (400, "Depth must be an integer greater than 0, or 'all'."),
    "IdExists": (409, "Object already exists."),
    "InvalidToken": (401, "Access token is invalid or expired."),
    "List.InvalidPageSize": (400, "pageSize is not valid."),
    "List.InvalidProperty": (400, "Property does not exist."),
    "List.InvalidSearchProperty": (400, "Property is not searchable."),
    "List.InvalidSortProperty": (400, "Property is not sortable."),
    "List.InvalidType": (400, "Value passed is not valid for property type."),
    "NotFound": (404, "Object not found."),
    "Product.CategoryFilterRequiresCatalogID": (
        400,
        "Filtering products on a CategoryID requires a corresponding non-negated CatalogID.",
    ),
    "Request.InvalidContentType": (
        400,
        "Invalid content type. Please use x-www-form-urlencoded.",
    ),
    "Request.InvalidRequestBody": (400, "Request body is invalid or null."),
    "Search.InvalidQuery": (400, "Query is invalid."),
    "Search.ResultSetTooLarge": (
        400,
        (
            "The maximum result set is 100,000 items. Narrow your query using filters or use the "
            "LastID method as outlined in the Advanced Querying documentation."
        ),
    ),
    "ServerError": (500, "An unknown error has occurred on the server."),
    "User.IsNotTemp": (
        400,
        (
            "The current user is not a temp user. If you are trying to allow anonymous access to "
            "your app, see our guide on Anonymous Shopping."
        ),
    ),
    "User.UsernameMustBeUnique": (400, "Username already exists in this Marketplace."),
    "ValidationFailure": (400, "Model or property was invalid."),
}


class ApiError(Exception):
    """A refusal that OrderCloud would answer: *code* of the table above, and its `Data`."""

    def __init__(self, code: str, data: object = None) -> None:
        self.status, self.message = _TABLE[code]
        self.code = code
        self.data = data
        super().__init__(code)

    def body(self) -> dict[str, Any]:
        """Return the error in OrderCloud's shape: `{"Errors": [{ErrorCode, Message, Data}]}`."""
        return {"Errors": [{"ErrorCode": self.code, "Message": self.message, "Data": self.data}]}


def not_found(kind: str, entity_id: str) -> ApiError:
    """Return the 404 for *kind*; the JavaScript SDK builds its message from this Data."""
    return ApiError("NotFound", {"ObjectType": kind, "ObjectID": entity_id})
